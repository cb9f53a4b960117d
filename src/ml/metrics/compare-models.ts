import type { Result } from '../../result.ts';
import { holmAdjusted, type PairedComparison, pairedComparison } from './paired-comparison.ts';

/** A model by the scores of its rows. */
export interface ScoredModel {
  readonly name: string;
  readonly rows: readonly ScoredRow[];
}

export interface ScoredRow {
  /** Equal for two models with the same input, such as the question with its reference. */
  readonly identity: string;
  readonly scores: Readonly<Record<string, number>>;
}

/** By how much `second` scores higher than `first`. */
export interface ModelComparison extends PairedComparison {
  readonly first: string;
  readonly second: string;
  readonly score: string;
  /** The p-value adjusted by Holm's method for all comparisons of this score that were made together. */
  readonly adjustedP: number;
}

/**
 * Compares models by the scores that all of them have: each pair of them, or all against one. A score that
 * some rows lack (slots, where not every row names some) is compared on the rows that have it in both. The
 * error says which two do not have the same rows.
 */
export function compareModels(
  models: readonly ScoredModel[],
  { against, seed }: { readonly against: string | undefined; readonly seed: number },
): Result<readonly ModelComparison[]> {
  const pairs = models.flatMap((first, index) =>
    against === undefined
      ? models.slice(index + 1).map((second) => [first, second] as const)
      : first.name === against
        ? models.filter((second) => second !== first).map((second) => [first, second] as const)
        : [],
  );
  for (const [first, second] of pairs) {
    const fault = rowFault(first, second);
    if (fault !== undefined) return { ok: false, error: fault };
  }
  const names = sharedScores(models);
  return {
    ok: true,
    value: names.flatMap((score) => {
      const compared = pairs.map(([first, second]) => ({
        first: first.name,
        second: second.name,
        score,
        ...comparedBy(score, first, second, seed),
      }));
      const adjusted = holmAdjusted(compared.map(({ pValue }) => pValue));
      return compared.map((one, index) => ({ ...one, adjustedP: adjusted[index] ?? one.pValue }));
    }),
  };
}

function rowFault(first: ScoredModel, second: ScoredModel): string | undefined {
  const row = first.rows.findIndex(({ identity }, index) => identity !== second.rows[index]?.identity);
  if (row === -1 && first.rows.length === second.rows.length) return undefined;
  const what =
    first.rows.length === second.rows.length
      ? `row ${row + 1} differs`
      : `${first.rows.length} and ${second.rows.length} rows`;
  return `${first.name} and ${second.name} were not evaluated on the same rows (${what})`;
}

/** The names that some row of every model has, in the order of the first model. */
const sharedScores = ([first, ...others]: readonly ScoredModel[]): readonly string[] =>
  namesOf(first).filter((name) => others.every((model) => namesOf(model).includes(name)));

const namesOf = (model: ScoredModel | undefined): readonly string[] => [
  ...new Set((model?.rows ?? []).flatMap(({ scores }) => Object.keys(scores))),
];

function comparedBy(score: string, first: ScoredModel, second: ScoredModel, seed: number): PairedComparison {
  const pairs = first.rows.flatMap((row, index) => {
    const [one, other] = [row.scores[score], second.rows[index]?.scores[score]];
    return one === undefined || other === undefined ? [] : [[one, other] as const];
  });
  return pairedComparison(
    pairs.map(([one]) => one),
    pairs.map(([, other]) => other),
    { seed },
  );
}
