import { multiply } from '../tensor/ops/elementwise.ts';
import { reshape } from '../tensor/ops/layout.ts';
import { hashCombineOf, keepMask, randomBits } from '../tensor/ops/random.ts';
import { constant, input } from '../tensor/ops/source.ts';
import type { Node } from '../tensor/node.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { DropoutSite, Mt5Trace } from './mt5-trace.ts';
import { type Feeds, longest, type Rows, type Side, tokensOf, vector } from './packed-rows.ts';
import { hashOfText } from './random-values.ts';

/**
 * Dropout whose masks are a hash of (key of the row, site, place in the row): not of offsets in the batch, so
 * neither padding nor a row's neighbours move them, and a resumed training drops the same elements. Reads
 * dropoutFeeds.
 */
export const hashedDropout: Mt5Trace['dropout'] = (x, site, after = (node) => node) =>
  site.rate === 0 ? x : multiply(x, keepMask(bitsOf(x, site, after), site.rate));

/**
 * The feeds of hashedDropout. `keys`: an int32 for each row, which stands for the training's seed, the step
 * and the row.
 */
export function dropoutFeeds(keys: readonly number[], source: Rows, target: Rows): Feeds {
  return {
    'dropout.rows': vector(keys),
    ...sideFeeds('source', keys, source),
    ...sideFeeds('target', keys, target),
  };
}

/** The keys of `count` rows of a step, of which `first` were in its earlier micro-batches. */
export function rowKeys(seed: number, step: number, first: number, count: number): readonly number[] {
  const key = hashCombineOf(hashCombineOf(seed | 0, Math.floor(seed / 2 ** 32) | 0), step);
  return Array.from({ length: count }, (_, row) => hashCombineOf(key, first + row));
}

function bitsOf(x: Node, { name, rows }: DropoutSite, after: (node: Node) => Node): Node {
  const site = constant(hashOfText(name), [], 'int32');
  if (rows.kind === 'tokens') {
    const tokens = after(input(`dropout.${rows.side}.tokens`, 'int32', [tokensOf(rows.side)]));
    return randomBits(reshape(tokens, [sizeOf(tokens, 0), 1]), [site, counting(sizeOf(x, 1))]);
  }
  const heads = reshape(counting(sizeOf(x, 1)), [1, sizeOf(x, 1), 1, 1]);
  const key = reshape(after(input('dropout.rows', 'int32', ['batch'])), ['batch', 1, 1, 1]);
  return randomBits(key, [site, heads, reshape(positions(rows.query), [rows.query, 1]), positions(rows.key)]);
}

const positions = (side: Side): Node => input(`dropout.${side}.positions`, 'int32', [side]);

/** 0, 1, 2 … */
function counting(size: number | string): Node {
  if (typeof size === 'string') throw new Error(`dropout: the axis "${size}" must have a known size`);
  return constant(
    Array.from({ length: size }, (_, index) => index),
    [size],
    'int32',
  );
}

function sideFeeds(side: Side, keys: readonly number[], rows: Rows): Feeds {
  const tokens = rows.flatMap((row, index) =>
    row.map((_, position) => hashCombineOf(keys[index] ?? 0, position)),
  );
  return {
    [`dropout.${side}.tokens`]: vector(tokens),
    [`dropout.${side}.positions`]: vector(Array.from({ length: longest(rows) }, (_, position) => position)),
  };
}
