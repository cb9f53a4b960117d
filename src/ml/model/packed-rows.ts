import { productOf, sumOf } from '../tensor/dimension.ts';
import type { Dimension, Node } from '../tensor/node.ts';
import type { Packing } from '../tensor/ops/indexing.ts';
import { input } from '../tensor/ops/source.ts';
import type { Rows } from './rows.ts';
import { groupedRows, type GroupedRows, type RowGroup, type RowGroups, rowGroups } from './row-groups.ts';

/**
 * Rows of different lengths in one batch: linear layers and norms see the real tokens alone, one row after
 * another [tokens, …]; attention sees blocks padded to the longest row [length, batch, …], one for each group
 * of rows, in which the heads of all rows are neighbours. This file maps between the two, in the graph and in
 * what is fed. A side is one such set of rows: its padded lengths are named sizes.
 */
export type Side = 'source' | 'target';

/** The named size that counts the real tokens of a side. */
export const tokensOf = (side: Side): Dimension => `${side}Tokens`;

/** The ids of the tokens. int32 [tokens] */
export const idsOf = (side: Side): Node => input(`${side}.ids`, 'int32', [tokensOf(side)]);

/** Which slots of a side's padded blocks, one after another, its tokens have. */
export function packingOf(side: Side, groups = rowGroups(1)): Packing {
  const slots = sumOf(groups.map((group) => slotsOf(side, group)));
  return {
    tokenSlots: input(`${side}.tokenSlots`, 'int32', [tokensOf(side)]),
    slotTokens: input(`${side}.slotTokens`, 'int32', [slots]),
    slotMask: input(`${side}.slotMask`, 'float32', [slots]),
  };
}

/** The size of a group's padded block: a position of all its rows after another. */
export const slotsOf = (side: Side, group: RowGroup): Dimension => productOf([group[side], group.batch]);

/**
 * 0 where a source has a token, a very low number at its padding: added to the scores. float32 [batch, 1, 1,
 * source]
 */
export const paddingMask = (name = 'source.mask', { batch, source }: RowGroup = rowGroups(1)[0]): Node =>
  input(name, 'float32', [batch, 1, 1, source]);

/** A tensor that is fed to a graph: those of the runtime's HostValues that models read. */
export type Feed = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'float32'; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly data: Int32Array }
);

export type Feeds = Readonly<Record<string, Feed>>;

/** What `idsOf` and `packingOf` of a side read. */
export function packedFeeds(side: Side, rows: Rows, groups?: RowGroups): Feeds {
  const firstSlots: number[] = [];
  const strides: number[] = [];
  let slots = 0;
  for (const { places, rows: grouped } of groupedRows(rows, groups)) {
    for (const [index, place] of places.entries()) {
      firstSlots[place] = slots + index;
      strides[place] = grouped.length;
    }
    slots += grouped.length * longest(grouped);
  }
  const slotTokens = new Int32Array(slots);
  const slotMask = new Float32Array(slots);
  const count = rows.reduce((sum, { length }) => sum + length, 0);
  const [ids, tokenSlots] = [new Int32Array(count), new Int32Array(count)];
  let token = 0;
  for (const [place, row] of rows.entries()) {
    let slot = firstSlots[place] ?? 0;
    for (const id of row) {
      ids[token] = id;
      tokenSlots[token] = slot;
      slotTokens[slot] = token;
      slotMask[slot] = 1;
      token += 1;
      slot += strides[place] ?? 1;
    }
  }
  return {
    [`${side}.ids`]: vector(ids),
    [`${side}.tokenSlots`]: vector(tokenSlots),
    [`${side}.slotTokens`]: vector(slotTokens),
    [`${side}.slotMask`]: { dtype: 'float32', shape: [slotMask.length], data: slotMask },
  };
}

/** The feeds of each group, under their names in the group's graph. */
export const feedsOfGroups = (
  rows: Rows,
  groups: RowGroups | undefined,
  feedsOf: (group: GroupedRows) => Feeds,
): Feeds =>
  Object.fromEntries(
    groupedRows(rows, groups).flatMap((group) =>
      Object.entries(feedsOf(group)).map(([name, feed]) => [`${name}${group.suffix}`, feed]),
    ),
  );

/** What `paddingMask` reads: 0 at tokens, at padding the lowest number, which softmax makes an exact 0. */
export function sourceMask(rows: Rows): Feed {
  const length = longest(rows);
  const data = new Float32Array(rows.length * length).fill(masked);
  rows.forEach((row, index) => data.fill(0, index * length, index * length + row.length));
  return { dtype: 'float32', shape: [rows.length, 1, 1, length], data };
}

/** The lowest float32, torch's finfo.min: the score of a masked position. */
export const masked = -3.4028234663852886e38;

/** The length of the longest row; 0 where there is none. */
export const longest = (rows: Rows): number => rows.reduce((most, row) => Math.max(most, row.length), 0);

/** An int32 tensor of one axis. */
export function vector(values: readonly number[] | Int32Array): Feed & { readonly dtype: 'int32' } {
  return {
    dtype: 'int32',
    shape: [values.length],
    data: values instanceof Int32Array ? values : Int32Array.from(values),
  };
}
