import type { Dimension } from '../tensor/node.ts';
import type { Rows } from './rows.ts';

/**
 * Attention of a batch is computed by groups of rows of like length, each a padded block of its own, in one
 * graph: the cells between a short row and the longest one of the batch are not computed.
 */
export interface RowGroup {
  /**
   * What the names of a group's feeds end with: the first has none, so that a graph of one group reads
   * "source.mask".
   */
  readonly suffix: string;
  /** The named sizes of its blocks: rows, and the padded length of each side. */
  readonly batch: Dimension;
  readonly source: Dimension;
  readonly target: Dimension;
}

/** The places in the batch of each group's rows. */
export type RowGroups = readonly (readonly number[])[];

/** The groups that a graph computes; `single`: of one row each, and so without padding. */
export function rowGroups(count: number, single = false): readonly [RowGroup, ...RowGroup[]] {
  const others = Array.from({ length: count - 1 }, (_, index): RowGroup => ({
    suffix: `.${index + 1}`,
    batch: single ? 1 : `batch${index + 1}`,
    source: `source${index + 1}`,
    target: `target${index + 1}`,
  }));
  return [{ suffix: '', batch: single ? 1 : 'batch', source: 'source', target: 'target' }, ...others];
}

/** Rows sorted by their length, as many in each of `count` groups, one more in the first ones. */
export function groupByLength(source: Rows, target: Rows, count: number): RowGroups {
  const length = (place: number): number => (source[place]?.length ?? 0) + (target[place]?.length ?? 0);
  const sorted = source.map((_, place) => place).sort((a, b) => length(b) - length(a) || a - b);
  const [least, more] = [Math.floor(sorted.length / count), sorted.length % count];
  const start = (group: number): number => group * least + Math.min(group, more);
  return Array.from({ length: count }, (_, group) => sorted.slice(start(group), start(group + 1)));
}

/** A group's rows, and their places in the batch. */
export interface GroupedRows {
  readonly places: readonly number[];
  readonly rows: Rows;
  readonly suffix: string;
}

/**
 * The rows of each group. A group without rows, where a batch has fewer rows than a graph has groups, is fed
 * as one row with one token, which belongs to no row of the batch.
 */
export const groupedRows = (
  rows: Rows,
  groups: RowGroups = [rows.map((_, place) => place)],
): readonly GroupedRows[] =>
  rowGroups(groups.length).map(({ suffix }, index) => {
    const places = groups[index] ?? [];
    return { places, suffix, rows: places.length === 0 ? [[0]] : places.map((place) => rows[place] ?? []) };
  });

/**
 * How many groups the batches of a training are computed in: more groups compute fewer cells and are more
 * operators. `sides` are the lengths of the sources and of the targets from which batches are drawn.
 */
export function groupsFor(sides: readonly (readonly number[])[], batch: number): number {
  const cells = (rows: number): number =>
    sides.reduce((sum, lengths) => sum + longestSquare(lengths, rows), 0);
  const [padded, real] = [cells(batch), cells(1)];
  return padded - real > Math.max(fewestCells, leastShare * real) ? Math.min(batch, mostGroups) : 1;
}

/**
 * The expected square of the longest of `batch` lengths that are drawn independently: the cells that a row of
 * a padded block costs.
 */
function longestSquare(lengths: readonly number[], batch: number): number {
  const noLonger = (rank: number): number => (rank / lengths.length) ** batch;
  return lengths
    .toSorted((a, b) => a - b)
    .reduce((sum, length, rank) => sum + length ** 2 * (noLonger(rank + 1) - noLonger(rank)), 0);
}

/** The saving that a row needs, in cells and as a share of its own: below it, the operators cost more. */
const fewestCells = 64 ** 2;
const leastShare = 0.25;

/**
 * An engine takes several times as long to compile twice the operators, and four groups leave little padding.
 */
const mostGroups = 4;
