import { multiply } from '../tensor/ops/elementwise.ts';
import { reshape } from '../tensor/ops/layout.ts';
import {
  draw,
  hashCombine,
  hashCombineOf,
  keepMask,
  keepMaskOfHalves,
  randomBits,
} from '../tensor/ops/random.ts';
import { constant, input } from '../tensor/ops/source.ts';
import type { Node } from '../tensor/node.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { DropoutSite, Mt5Trace } from './mt5-trace.ts';
import { type Feeds, feedsOfGroups, longest, type Side, tokensOf, vector } from './packed-rows.ts';
import type { Rows } from './rows.ts';
import { hashOfText } from './random-values.ts';
import type { RowGroup, RowGroups } from './row-groups.ts';

/**
 * Dropout whose masks are a hash of (key of the row, site, place in the row): not of offsets in the batch, so
 * neither padding nor a row's neighbours move them, and a resumed training drops the same elements. Reads
 * dropoutFeeds.
 */
export const hashedDropout: Mt5Trace['dropout'] = (x, site, after = (node) => node) =>
  site.rate === 0 ? x : multiply(x, maskOf(x, site, after));

/**
 * The version of how masks are drawn, in every checkpoint's fingerprint: a checkpoint with another version is
 * not resumed.
 */
export const dropoutGenerator = 'lowbias32 rows and columns, odd product, 16 bits an element';

/**
 * The feeds of hashedDropout. `keys`: an int32 for each row, derived from the training's seed, the step and
 * the row.
 */
export function dropoutFeeds(keys: readonly number[], source: Rows, target: Rows, groups?: RowGroups): Feeds {
  return {
    ...feedsOfGroups(source, groups, ({ places, rows }) => ({
      'dropout.rows': vector(rows.map((_, index) => keys[places[index] ?? -1] ?? 0)),
    })),
    ...sideFeeds('source', keys, source, groups),
    ...sideFeeds('target', keys, target, groups),
  };
}

/** The keys of `count` rows of a step, of which `first` were in its earlier micro-batches. */
export function rowKeys(seed: number, step: number, first: number, count: number): readonly number[] {
  const key = hashCombineOf(hashCombineOf(seed | 0, Math.floor(seed / 2 ** 32) | 0), step);
  return Array.from({ length: count }, (_, row) => hashCombineOf(key, first + row));
}

/** One hash is drawn for two elements of an axis: columns, or heads. Where that has an odd size, for one. */
function maskOf(x: Node, site: DropoutSite, after: (node: Node) => Node): Node {
  const size = sizeOf(x, 1);
  if (typeof size === 'string') throw new Error(`dropout: the axis "${size}" must have a known size`);
  return size % 2 === 0
    ? keepMaskOfHalves(bitsOf(site, size / 2, after), site.rate, 1)
    : keepMask(bitsOf(site, size, after), site.rate);
}

/** `size`: of axis 1. */
function bitsOf({ name, rows }: DropoutSite, size: number, after: (node: Node) => Node): Node {
  const site = constant(hashOfText(name), [], 'int32');
  const axis = constant(
    Array.from({ length: size }, (_, index) => index),
    [size],
    'int32',
  );
  if (rows.kind === 'tokens') {
    const tokens = after(input(`dropout.${rows.side}.tokens`, 'int32', [tokensOf(rows.side)]));
    return draw(
      hashCombine(reshape(tokens, [sizeOf(tokens, 0), 1]), site),
      hashCombine(constant(columns, [], 'int32'), axis),
    );
  }
  const { batch, suffix } = rows.group;
  const key = reshape(after(input(`dropout.rows${suffix}`, 'int32', [batch])), [batch, 1, 1, 1]);
  const queries = positions(rows.query, rows.group);
  return draw(
    randomBits(key, [site, reshape(axis, [1, size, 1, 1]), reshape(queries, [sizeOf(queries, 0), 1])]),
    hashCombine(constant(columns, [], 'int32'), positions(rows.key, rows.group)),
  );
}

/** What the hashes of columns begin with: any number that makes them others than those of rows. */
const columns = 0x636f6c73;

const positions = (side: Side, group: RowGroup): Node =>
  input(`dropout.${side}.positions${group.suffix}`, 'int32', [group[side]]);

function sideFeeds(side: Side, keys: readonly number[], rows: Rows, groups: RowGroups | undefined): Feeds {
  const tokens = rows.flatMap((row, index) =>
    row.map((_, position) => hashCombineOf(keys[index] ?? 0, position)),
  );
  return {
    [`dropout.${side}.tokens`]: vector(tokens),
    ...feedsOfGroups(rows, groups, (group) => ({
      [`dropout.${side}.positions`]: vector(
        Array.from({ length: longest(group.rows) }, (_, position) => position),
      ),
    })),
  };
}
