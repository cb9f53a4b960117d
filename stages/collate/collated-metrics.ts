import { csvField } from '../csv-field.ts';
import { deviationOf, meanOf, type ScoreRow } from './score-row.ts';
import { roundHalfEven } from './round-half-even.ts';

/** A line of collated_metrics.json and .csv: the columns and the rounding of the original experiment. */
export interface CollatedMetrics {
  readonly dataset: string;
  readonly model_type: string;
  readonly log_file: string;
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
  readonly f1: number;
  readonly bertscore_f1: number;
  readonly exact_match: number;
}

/** What stands beside them where points were trained with several seeds: how many, and the sample standard deviations. */
export type SeedColumns = { readonly seeds: number } & { readonly [name in `${Score}_std`]: number | null };

type Score = 'rouge1' | 'rouge2' | 'rougeL' | 'f1' | 'bertscore_f1' | 'exact_match';

/** The `reference` profile of each row, rounded to four decimals: of several seeds the mean. */
export function collatedMetrics(rows: readonly ScoreRow[]): readonly (CollatedMetrics & Partial<SeedColumns>)[] {
  const severalSeeds = rows.some(({ evaluations }) => evaluations.length > 1);
  return rows.map((row) => {
    const score = (name: Score) => roundHalfEven(meanOf(row, ({ metrics }) => metrics[name]), 4);
    return {
      dataset: row.dataset,
      model_type: row.model,
      log_file: `eval_${row.dataset}_${row.model}.log`,
      rouge1: score('rouge1'),
      rouge2: score('rouge2'),
      rougeL: score('rougeL'),
      f1: score('f1'),
      bertscore_f1: score('bertscore_f1'),
      exact_match: score('exact_match'),
      ...(severalSeeds ? seedColumns(row) : {}),
    };
  });
}

function seedColumns(row: ScoreRow): SeedColumns {
  const spread = (name: Score): number | null => {
    const value = deviationOf(row, ({ metrics }) => metrics[name]);
    return value === undefined ? null : roundHalfEven(value, 4);
  };
  return {
    seeds: row.evaluations.length,
    rouge1_std: spread('rouge1'),
    rouge2_std: spread('rouge2'),
    rougeL_std: spread('rougeL'),
    f1_std: spread('f1'),
    bertscore_f1_std: spread('bertscore_f1'),
    exact_match_std: spread('exact_match'),
  };
}

/** RFC 4180 with a header line; what is not known is empty. */
export function csvOf(lines: readonly (CollatedMetrics & Partial<SeedColumns>)[]): string {
  const [first] = lines;
  if (first === undefined) return '';
  const rows = [Object.keys(first), ...lines.map((line) => Object.values(line).map((value) => (value === null ? '' : String(value))))];
  return rows.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}
