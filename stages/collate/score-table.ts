import type { BestPoints } from '../results/best-points.ts';
import type { RowScore } from '../../src/ml/metrics/over-seeds.ts';
import type { ScoreRow } from '../results/score-row.ts';
import { boundsText, type Score, scores, selectionScore, withoutLeaked } from '../results/scores.ts';

/**
 * The scores as a Markdown table that is aligned as plain text too, at most 80 columns wide for short names:
 * the multilingual profile, since the reference profile's ROUGE sees no Chinese. The first score has
 * its interval.
 */
export function scoreTable(rows: readonly ScoreRow[], points: BestPoints): string {
  const columns = scores().filter(({ shown, of }) => shown && rows.some((row) => of(row) !== undefined));
  const leakFree = rows.flatMap((row) => {
    const rest = withoutLeaked(row);
    return rest === undefined ? [] : [{ row, rest }];
  });
  const leakNotes = leakFree.length === 0 ? '' : `\n${leakFreeTable(leakFree, columns, points)}`;
  const notes = notesOf(rows, columns, points);
  return `${markdownTable(
    ['dataset', 'model', 'loss', ...columns.map(({ title }) => title)],
    rows.map((row) => [
      row.dataset,
      labelOf(row, points),
      valueText(selectionScore(row)),
      ...columns.map((column) => cellText(column, row)),
    ]),
  )}\n${notes.join('\n\n')}\n${leakNotes}`;
}

/** The same scores of the test rows that no training row gives away. */
function leakFreeTable(
  rows: readonly { readonly row: ScoreRow; readonly rest: ScoreRow }[],
  columns: readonly Score[],
  points: BestPoints,
): string {
  return `Without the test rows that training rows give away:\n\n${markdownTable(
    ['dataset', 'model', 'rows', ...columns.map(({ title }) => title)],
    rows.map(({ row, rest }) => [
      row.dataset,
      labelOf(row, points),
      `${rest.evaluations[0]?.num_samples ?? 0}/${row.evaluations[0]?.num_samples ?? 0}`,
      ...columns.map((column) => cellText(column, rest)),
    ]),
  )}`;
}

/** `*`: the best point, `~`: one whose loss does not differ from it, `†`: not computed. */
const labelOf = (row: ScoreRow, { best, tied }: BestPoints): string =>
  `${row.model}${best.has(row) ? ' *' : tied.has(row) ? ' ~' : ''}${row.adopted ? ' †' : ''}`;

const cellText = ({ column, of }: Score, row: ScoreRow): string =>
  column === leading ? intervalText(of(row)) : valueText(of(row));

/** Texts to the left in the first two columns, numbers to the right. */
function markdownTable(titles: readonly string[], cells: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (fields: readonly string[]) =>
    `| ${fields.map((field, column) => padded(field, widths[column] ?? 0, column >= 2)).join(' | ')} |\n`;
  const rule = widths.map((width, column) => (column >= 2 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return `${line(titles)}| ${rule.join(' | ')} |\n${cells.map(line).join('')}`;
}

function notesOf(
  rows: readonly ScoreRow[],
  columns: readonly Score[],
  { by, best, tied, warnings }: BestPoints,
): readonly string[] {
  const bounds = boundsText(rows.map((row) => columns.find(({ column }) => column === leading)?.of(row)));
  return [
    ...(best.size > 0 ? [`\\* the best by ${by}`] : []),
    ...(tied.size > 0
      ? ['~ a loss that, row by row, does not differ from the best one (p at least 0.05)']
      : []),
    ...(rows.some(({ adopted }) => adopted)
      ? ['† adopted: existing files that no run computed (`pipeline verify --rerun` checks them)']
      : []),
    'loss: of a label token on the validation rows, without smoothing ("selection_loss")',
    [
      'scores: multilingual profile',
      `${leading.replace('multilingual_', '')} with its ${bounds}`,
      'all profiles and intervals are in the files',
    ].join('; '),
    ...seedsNote(rows),
    ...warnings.map(({ text }) => `warning: ${text}`),
  ];
}

const leading = 'multilingual_rougeL';

const valueText = (score: RowScore | undefined): string =>
  score === undefined || Number.isNaN(score.value)
    ? '-'
    : score.deviation === undefined
      ? score.value.toFixed(3)
      : `${score.value.toFixed(3)} ± ${score.deviation.toFixed(3)}`;

function intervalText(score: RowScore | undefined): string {
  const value = valueText(score);
  const [low, high] = (score?.interval ?? []).map((bound) => bound.toFixed(2));
  return low === undefined || high === undefined ? value : `${value} ${low}-${high}`;
}

function seedsNote(rows: readonly ScoreRow[]): readonly string[] {
  const counts = [...new Set(rows.map(({ evaluations }) => evaluations.length))]
    .filter((count) => count > 1)
    .sort((a, b) => a - b);
  return counts.length === 0
    ? []
    : [`mean ± sample standard deviation over ${counts.join(' or ')} seeds; intervals over seeds and rows`];
}

const padded = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width);
