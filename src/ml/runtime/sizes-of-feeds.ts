import { elementCount } from '../element-count.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { DType, Shape } from '../tensor/node.ts';

/** An input of a program as its graph declares it. */
export interface DeclaredInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A feed: a value in host memory, or the type and shape of a value held elsewhere. */
export interface Given {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: { readonly length: number };
}

/**
 * The named sizes, from the shapes of the feeds. Throws where a feed is missing, is of another dtype or rank
 * than declared, or where two disagree on a size: the message names the feeds.
 */
export function sizesOfFeeds(
  declared: readonly DeclaredInput[],
  feeds: Readonly<Record<string, Given>>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const givenBy = new Map<string, string>();
  for (const { name, dtype, shape } of declared) {
    const feed = feeds[name];
    if (feed === undefined)
      throw new Error(`the feed of the input "${name}", ${dtype}[${shape.join(', ')}], is missing`);
    if (feed.dtype !== dtype || feed.shape.length !== shape.length)
      throw new Error(`"${name}" is fed with ${feedText(feed)}, expected ${dtype}[${shape.join(', ')}]`);
    if (feed.data.length !== elementCount(feed.shape))
      throw new Error(
        `"${name}" is fed with ${feed.data.length} elements for the shape [${feed.shape.join(', ')}]`,
      );
    for (const [axis, size] of shape.entries()) {
      if (typeof size !== 'string' || !/^\w+$/.test(size)) continue;
      const given = feed.shape[axis] ?? 0;
      const before = sizes.get(size);
      if (before !== undefined && before !== given)
        throw new Error(`"${givenBy.get(size)}" gives ${size} = ${before}, but "${name}" gives ${given}`);
      sizes.set(size, given);
      if (before === undefined) givenBy.set(size, name);
    }
  }
  for (const { name, shape } of declared) {
    for (const [axis, size] of shape.entries()) {
      const [expected, given] = [evaluate(size, sizes), feeds[name]?.shape[axis]];
      if (expected !== given)
        throw new Error(
          `"${name}" is fed with ${given} on axis ${axis}, expected ` +
            `${size}${typeof size === 'string' ? ` = ${expected}` : ''}`,
        );
    }
  }
  return sizes;
}

const feedText = ({ dtype, shape }: Given): string => `${dtype}[${shape.join(', ')}]`;
