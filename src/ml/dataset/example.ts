/** A pair as token ids, without padding: the source with its end, the labels with theirs. */
export interface Example {
  readonly source: readonly number[];
  readonly target: readonly number[];
}
