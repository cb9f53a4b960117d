import type { Evaluation } from '../results/evaluation.ts';
import {
  bestOfGrids,
  deviation,
  deviationOf,
  mean,
  meanOf,
  validationLossOf,
  type ScoreRow,
} from '../results/score-row.ts';

const columns: readonly { readonly title: string; readonly score: (evaluation: Evaluation) => number }[] = [
  { title: 'ROUGE-1', score: ({ multilingual }) => multilingual.rouge1 },
  { title: 'ROUGE-2', score: ({ multilingual }) => multilingual.rouge2 },
  { title: 'ROUGE-L', score: ({ multilingual }) => multilingual.rougeL },
  { title: 'F1', score: ({ multilingual }) => multilingual.f1 },
  { title: 'BERTScore', score: ({ metrics }) => metrics.bertscore_f1 },
  { title: 'exact', score: ({ multilingual }) => multilingual.exact_match },
];

/**
 * The scores as a Markdown table that is aligned as plain text too: the multilingual profile, since the reference
 * profile's ROUGE sees no Chinese. The best point of each grid, chosen by validation loss, carries a star.
 */
export function scoreTable(rows: readonly ScoreRow[], gridPrefix: string): string {
  const best = bestOfGrids(rows, gridPrefix);
  const withSlots = rows.some((row) =>
    row.evaluations.some(({ slot_accuracy }) => slot_accuracy !== undefined),
  );
  const cells = rows.map((row) => [
    row.dataset,
    `${row.model}${best.has(row) ? ' *' : ''}`,
    valueText(validationLossOf(row), deviation(row.validationLosses)),
    ...columns.map(({ score }) => shown(row, score)),
    ...(withSlots ? [shown(row, slotMean)] : []),
  ]);
  const titles = [
    'dataset',
    'model',
    'validation loss',
    ...columns.map(({ title }) => title),
    ...(withSlots ? ['slots'] : []),
  ];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (fields: readonly string[]) =>
    `| ${fields.map((field, column) => padded(field, widths[column] ?? 0, column >= 2)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width, column) => (column >= 2 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |\n`;
  return `${line(titles)}${rule}${cells.map(line).join('')}${best.size > 0 ? '\n\\* best point of its grid by validation loss\n' : ''}${seedsNote(rows)}\n${profileNote}\n`;
}

/** The files beside the table hold both profiles, the reference one under the original's names. */
const profileNote =
  'ROUGE, F1, exact: multilingual profile ("multilingual_…" in the files; bare names: the reference profile)';

/** The mean accuracy over the slots; NaN where the rows name none. */
export const slotMean = ({ slot_accuracy }: Evaluation): number => mean(Object.values(slot_accuracy ?? {}));

const shown = (row: ScoreRow, score: (evaluation: Evaluation) => number): string =>
  valueText(meanOf(row, score), deviationOf(row, score));

function valueText(value: number | undefined, spread: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  return spread === undefined ? value.toFixed(3) : `${value.toFixed(3)} ± ${spread.toFixed(3)}`;
}

function seedsNote(rows: readonly ScoreRow[]): string {
  const counts = [...new Set(rows.map(({ evaluations }) => evaluations.length))]
    .filter((count) => count > 1)
    .sort((a, b) => a - b);
  return counts.length === 0 ? '' : `\nmean ± sample standard deviation over ${counts.join(' or ')} seeds\n`;
}

const padded = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width);
