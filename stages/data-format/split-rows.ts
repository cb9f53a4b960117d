import { elementsAt } from '../../src/ml/dataset/elements-at.ts';
import { questionKey } from '../../src/ml/dataset/leakage.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { holdOut, holdOutGroups, holdOutStrata, type Split, testSize } from '../../src/ml/dataset/split.ts';
import type { Result } from '../../src/result.ts';

export interface SplitParams {
  /** Rows taken at random before the split; null: all. */
  readonly sample?: number | null;
  readonly testFraction: number;
  readonly seed: number;
  /** A field, or "question": rows that agree in it are never on both sides. */
  readonly groupBy?: string;
  /** A field: each of its values has the same share of test rows. */
  readonly stratifyBy?: string;
  /** A field, or "file": adds the source to test rows, so that the evaluation scores each source. */
  readonly sourceBy?: string;
  /** The share of the training rows that is kept, from the first on; the test rows stay. */
  readonly trainShare?: number;
}

/** The fields that the split needs besides the rows, by purpose. */
export const splitLabels = ({
  groupBy,
  stratifyBy,
  sourceBy,
}: SplitParams): Readonly<Record<string, string>> => ({
  ...(groupBy === undefined || groupBy === 'question' ? {} : { group: groupBy }),
  ...(stratifyBy === undefined ? {} : { stratum: stratifyBy }),
  ...(sourceBy === undefined || sourceBy === 'file' ? {} : { source: sourceBy }),
});

export interface SplitRows {
  /** All rows that are not held out. */
  readonly kept: readonly Row[];
  readonly test: readonly Row[];
}

/** Rows in two parts; if they have groups, each training row has its own. */
export function splitRows(
  all: readonly Row[],
  labels: Readonly<Record<string, readonly string[]>>,
  params: SplitParams,
): Result<SplitRows> {
  const sampled = sampledRows(all.length, params);
  const rows = elementsAt(all, sampled);
  const groups =
    params.groupBy === 'question'
      ? rows.map(({ human }) => questionKey(human))
      : labels['group'] && elementsAt(labels['group'], sampled);
  const strata = labels['stratum'] && elementsAt(labels['stratum'], sampled);
  const sources = labels['source'] && elementsAt(labels['source'], sampled);
  const size = testSize(rows.length, params.testFraction);
  const split = partsOf(rows.length, size, params.seed, { groups, strata });
  const largest = largestGroup(groups ?? []);
  if (
    groups !== undefined &&
    ((size > 0 && split.heldOut.length === 0) || (size < rows.length && split.kept.length === 0))
  )
    return {
      ok: false,
      error:
        `groupBy ${JSON.stringify(params.groupBy)} leaves ` +
        `${split.heldOut.length === 0 ? 'no test rows' : 'no training rows'}: the largest group has ` +
        `${largest} of ${rows.length} rows`,
    };
  const numbers = groups && groupNumbers(groups);
  return {
    ok: true,
    value: {
      kept: split.kept.flatMap((place) =>
        elementsAt(rows, [place]).map((row) =>
          numbers === undefined ? row : { ...row, group: String(numbers[place]) },
        ),
      ),
      test: split.heldOut.flatMap((place) => {
        const source = sources?.[place];
        return elementsAt(rows, [place]).map((row) => (source === undefined ? row : { ...row, source }));
      }),
    },
  };
}

/** The part of the training rows for a point of a learning curve: a larger part contains a smaller one. */
export const shareOf = (rows: readonly Row[], share = 1): readonly Row[] =>
  rows.slice(0, Math.max(1, Math.floor(rows.length * share)));

/** A sample in the order of the rows, drawn by the seed. */
function sampledRows(count: number, { sample, seed }: SplitParams): readonly number[] {
  if (sample === undefined || sample === null || sample >= count)
    return Array.from({ length: count }, (_, row) => row);
  return [...holdOut(count, sample, seed).heldOut].sort((a, b) => a - b);
}

function partsOf(
  count: number,
  size: number,
  seed: number,
  labels: { readonly groups: readonly string[] | undefined; readonly strata: readonly string[] | undefined },
): Split {
  if (labels.groups !== undefined) return holdOutGroups(labels.groups, size, seed);
  return labels.strata === undefined ? holdOut(count, size, seed) : holdOutStrata(labels.strata, size, seed);
}

function largestGroup(groups: readonly string[]): number {
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return Math.max(0, ...sizes.values());
}

/** Groups as numbers from 1: a row does not repeat a field that may name a person. */
function groupNumbers(groups: readonly string[]): readonly number[] {
  const numbers = new Map<string, number>();
  return groups.map((group) => {
    const number = numbers.get(group) ?? numbers.size + 1;
    numbers.set(group, number);
    return number;
  });
}
