import type { Evaluation } from '../results/evaluation.ts';
import { csvField } from '../formats/csv-field.ts';
import { deviationOf, meanOf, type ScoreRow } from '../results/score-row.ts';
import { roundHalfEven } from './round-half-even.ts';

type Score = 'rouge1' | 'rouge2' | 'rougeL' | 'f1' | 'bertscore_f1' | 'exact_match';
/** BERTScore's tokens are its model's, in either profile. */
type MultilingualScore = Exclude<Score, 'bertscore_f1'>;

/** The columns and the rounding of the original experiment. */
type OriginalColumns = {
  readonly dataset: string;
  readonly model_type: string;
  /** Empty: an evaluation leaves no file of what it printed (`pipeline log` has it). Who reads the original's files expects the column. */
  readonly log_file: '';
} & { readonly [name in Score]: number };

/** A line of collated_metrics.json and .csv: the original's columns, how those were counted, and the other profile's scores beside them. */
export type CollatedMetrics = OriginalColumns & { readonly profile: 'reference' } & {
  readonly [name in `multilingual_${MultilingualScore}`]: number;
};

/** What stands beside them where points were trained with several seeds: how many, and the sample standard deviations. */
export type SeedColumns = { readonly seeds: number } & {
  readonly [name in `${Score}_std` | `multilingual_${MultilingualScore}_std`]: number | null;
};

/** The scores of each row in both profiles, rounded to four decimals: of several seeds the mean. */
export function collatedMetrics(
  rows: readonly ScoreRow[],
): readonly (CollatedMetrics & Partial<SeedColumns>)[] {
  const severalSeeds = rows.some(({ evaluations }) => evaluations.length > 1);
  return rows.map((row) => {
    const score = (of: (evaluation: Evaluation) => number) => roundHalfEven(meanOf(row, of), 4);
    return {
      dataset: row.dataset,
      model_type: row.model,
      log_file: '',
      rouge1: score(({ metrics }) => metrics.rouge1),
      rouge2: score(({ metrics }) => metrics.rouge2),
      rougeL: score(({ metrics }) => metrics.rougeL),
      f1: score(({ metrics }) => metrics.f1),
      bertscore_f1: score(({ metrics }) => metrics.bertscore_f1),
      exact_match: score(({ metrics }) => metrics.exact_match),
      profile: 'reference',
      multilingual_rouge1: score(({ multilingual }) => multilingual.rouge1),
      multilingual_rouge2: score(({ multilingual }) => multilingual.rouge2),
      multilingual_rougeL: score(({ multilingual }) => multilingual.rougeL),
      multilingual_f1: score(({ multilingual }) => multilingual.f1),
      multilingual_exact_match: score(({ multilingual }) => multilingual.exact_match),
      ...(severalSeeds ? seedColumns(row) : {}),
    };
  });
}

function seedColumns(row: ScoreRow): SeedColumns {
  const spread = (of: (evaluation: Evaluation) => number): number | null => {
    const value = deviationOf(row, of);
    return value === undefined ? null : roundHalfEven(value, 4);
  };
  return {
    seeds: row.evaluations.length,
    rouge1_std: spread(({ metrics }) => metrics.rouge1),
    rouge2_std: spread(({ metrics }) => metrics.rouge2),
    rougeL_std: spread(({ metrics }) => metrics.rougeL),
    f1_std: spread(({ metrics }) => metrics.f1),
    bertscore_f1_std: spread(({ metrics }) => metrics.bertscore_f1),
    exact_match_std: spread(({ metrics }) => metrics.exact_match),
    multilingual_rouge1_std: spread(({ multilingual }) => multilingual.rouge1),
    multilingual_rouge2_std: spread(({ multilingual }) => multilingual.rouge2),
    multilingual_rougeL_std: spread(({ multilingual }) => multilingual.rougeL),
    multilingual_f1_std: spread(({ multilingual }) => multilingual.f1),
    multilingual_exact_match_std: spread(({ multilingual }) => multilingual.exact_match),
  };
}

/** RFC 4180 with a header line; what is not known is empty. */
export function csvOf(lines: readonly (CollatedMetrics & Partial<SeedColumns>)[]): string {
  const [first] = lines;
  if (first === undefined) return '';
  const rows = [
    Object.keys(first),
    ...lines.map((line) => Object.values(line).map((value) => (value === null ? '' : String(value)))),
  ];
  return rows.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}
