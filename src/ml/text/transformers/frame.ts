import type { EncodeOptions } from '../tokenizer.ts';

/** Special tokens that open and close an encoding. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * The tokens of a text within their frame, cut so that both fit into `maxLength` (the frame itself is never
 * cut).
 */
export function framed(
  ids: readonly number[],
  { before, after }: Frame,
  { maxLength = Infinity, addSpecialTokens = true }: EncodeOptions,
): number[] {
  if (!addSpecialTokens) return ids.slice(0, maxLength);
  return [...before, ...ids.slice(0, Math.max(0, maxLength - before.length - after.length)), ...after];
}

/** A framed encoding, cut to `maxLength`. */
export function cutFramed(ids: readonly number[], { before, after }: Frame, maxLength: number): number[] {
  if (ids.length <= maxLength) return [...ids];
  return [...ids.slice(0, Math.max(before.length, maxLength - after.length)), ...after];
}
