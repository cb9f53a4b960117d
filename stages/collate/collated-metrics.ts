import { csvField } from '../csv-field.ts';
import { meanOf, type ScoreRow } from './score-row.ts';
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

/** The `reference` profile of each row, rounded to four decimals. */
export const collatedMetrics = (rows: readonly ScoreRow[]): readonly CollatedMetrics[] =>
  rows.map((row) => {
    const score = (name: 'rouge1' | 'rouge2' | 'rougeL' | 'f1' | 'bertscore_f1' | 'exact_match') => roundHalfEven(meanOf(row, ({ metrics }) => metrics[name]), 4);
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
    };
  });

/** RFC 4180 with a header line. */
export function csvOf(lines: readonly CollatedMetrics[]): string {
  const [first] = lines;
  if (first === undefined) return '';
  const rows = [Object.keys(first), ...lines.map((line) => Object.values(line).map(String))];
  return rows.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}
