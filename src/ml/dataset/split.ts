import { elementsAt } from './elements-at.ts';
import { shuffledIndices } from './shuffle.ts';

/** Row indices of two parts, in the order in which the parts hold them. */
export interface Split {
  readonly heldOut: readonly number[];
  readonly kept: readonly number[];
}

/**
 * The rows of a test split: the share is rounded up, as scikit-learn's train_test_split and datasets' do
 * (30,366 rows at 0.1 give 3,037).
 */
export const testSize = (count: number, fraction: number): number => Math.ceil(count * fraction);

/** A test split by a seed: `testSize` rows are held out. */
export const testSplit = (count: number, fraction: number, seed: number): Split =>
  holdOut(count, testSize(count, fraction), seed);

/** A validation split: the share is rounded down, as `int(len(rows) * fraction)`. */
export const validationSplit = (count: number, fraction: number, seed: number): Split =>
  holdOut(count, Math.floor(count * fraction), seed);

/** The same of rows that may have groups, which then stay together; a row without one is its own. */
export function validationSplitOf(
  rows: readonly { readonly group?: string }[],
  fraction: number,
  seed: number,
): Split {
  if (rows.every(({ group }) => group === undefined)) return validationSplit(rows.length, fraction, seed);
  const groups = rows.map(({ group }, row) => (group === undefined ? `row ${row}` : `group ${group}`));
  return holdOutGroups(groups, Math.floor(rows.length * fraction), seed);
}

/**
 * Holds out about `size` rows in whole groups, given each row's group: groups in an order by the seed, each
 * one unless the size is nearer without it. Where every row is its own group, as `holdOut`.
 */
export function holdOutGroups(groups: readonly string[], size: number, seed: number): Split {
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const held = new Set<string>();
  let count = 0;
  for (const [group, more] of elementsAt([...sizes], shuffledIndices(sizes.size, seed))) {
    if (Math.abs(count + more - size) >= Math.abs(count - size)) continue;
    held.add(group);
    count += more;
  }
  return splitBy(groups.length, seed, (row) => held.has(groups[row] ?? ''));
}

/**
 * Holds out the same share of each stratum, given each row's: what is missing to `size` after rounding down
 * goes to the largest remainders, so every stratum is within one row of its share. Where there is one
 * stratum, as `holdOut`.
 */
export function holdOutStrata(strata: readonly string[], size: number, seed: number): Split {
  const rows = new Map<string, number[]>();
  for (const row of shuffledIndices(strata.length, seed)) {
    const stratum = strata[row] ?? '';
    const list = rows.get(stratum);
    if (list === undefined) rows.set(stratum, [row]);
    else list.push(row);
  }
  const names = [...new Set(strata)];
  const shares = names.map((name) => (size * (rows.get(name)?.length ?? 0)) / strata.length);
  const missing = size - shares.reduce((sum, share) => sum + Math.floor(share), 0);
  const largest = names
    .map((_, index) => index)
    .toSorted((a, b) => remainder(shares[b]) - remainder(shares[a]) || a - b)
    .slice(0, missing);
  const held = new Set(
    names.flatMap((name, index) =>
      (rows.get(name) ?? []).slice(0, Math.floor(shares[index] ?? 0) + (largest.includes(index) ? 1 : 0)),
    ),
  );
  return splitBy(strata.length, seed, (row) => held.has(row));
}

const remainder = (share = 0): number => share - Math.floor(share);

/** Both parts in the order of the shuffle. */
function splitBy(count: number, seed: number, isHeldOut: (row: number) => boolean): Split {
  const shuffled = shuffledIndices(count, seed);
  return { heldOut: shuffled.filter(isHeldOut), kept: shuffled.filter((row) => !isHeldOut(row)) };
}

/**
 * Holds out `size` of `count` rows: in Python, `random.Random(seed).shuffle(rows)`, then `rows[:size]` and
 * `rows[size:]`. `size` may be 0 or `count`. Samples are drawn with it too: the held-out part is the sample.
 */
export function holdOut(count: number, size: number, seed: number): Split {
  const shuffled = shuffledIndices(count, seed);
  return { heldOut: shuffled.slice(0, size), kept: shuffled.slice(size) };
}
