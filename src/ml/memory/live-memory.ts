/** What the values of a graph take, in bytes. */
export interface LiveMemory {
  /** At most, at one time. */
  readonly activations: number;
  /** The part of them that is logits, and values computed from these. */
  readonly logits: number;
  /** The peak that the engine's allocator has used: memory that it does not return. */
  readonly touched: number;
}

export interface LiveOptions {
  /** The named sizes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** A last axis of this size makes a value one of the logits. */
  readonly vocabulary: number;
  /** Outputs that are written to memory which exists anyway, or is counted apart. */
  readonly isElsewhere: (output: string) => boolean;
}
