import type { BestPoints } from '../results/best-points.ts';
import type { ScoreRow } from '../results/score-row.ts';
import {
  type RowScore,
  type Score,
  scores,
  selectionScore,
  sliceScore,
  slicesOf,
  slotScore,
  slotsOf,
  withoutLeaked,
} from '../results/scores.ts';
import { html, nothing, type Html } from './html.ts';

/** ★: the best point, ~: one whose loss does not differ from it, †: not computed. */
export const labelOf = (row: ScoreRow, { best, tied }: BestPoints): string =>
  `${row.model}${best.has(row) ? ' ★' : tied.has(row) ? ' ~' : ''}${row.adopted ? ' †' : ''}`;

/**
 * The scores of the columns that are asked for, each with its interval and, of several seeds, its deviation.
 */
export function scoreColumns(
  rows: readonly ScoreRow[],
  points: BestPoints,
  wanted: (column: string) => boolean,
): Html {
  const columns = columnsOf(rows, wanted);
  return table(
    ['model', 'selection loss', ...columns.map(({ title }) => title), 'rows'],
    rows.map((row) => [
      html`<th>${labelOf(row, points)}</th>`,
      scoreCell(selectionScore(row)),
      ...columns.map(({ of }) => scoreCell(of(row))),
      html`<td>${row.evaluations[0]?.num_samples ?? 0}</td>`,
    ]),
  );
}

/** The same scores of the test rows that no training row gives away, where some are. */
export function leakFreeTable(
  rows: readonly ScoreRow[],
  points: BestPoints,
  wanted: (column: string) => boolean,
): Html {
  const rest = rows.flatMap((row) => {
    const leakFree = withoutLeaked(row);
    return leakFree === undefined ? [] : [{ row, leakFree }];
  });
  if (rest.length === 0) return nothing;
  const columns = columnsOf(rows, wanted);
  return html`<h3>Without leaked rows</h3>
<p class="quiet">Scores of the test rows that no training row gives away.</p>
${table(
  ['model', ...columns.map(({ title }) => title), 'rows'],
  rest.map(({ row, leakFree }) => [
    html`<th>${labelOf(row, points)}</th>`,
    ...columns.map(({ of }) => scoreCell(of(leakFree))),
    html`<td>${leakFree.evaluations[0]?.num_samples ?? 0} of ${row.evaluations[0]?.num_samples ?? 0}</td>`,
  ]),
)}`;
}

const columnsOf = (rows: readonly ScoreRow[], wanted: (column: string) => boolean): readonly Score[] =>
  scores().filter(({ column, of }) => wanted(column) && rows.some((row) => of(row) !== undefined));

/**
 * The share of answers that hold the right fact, slot by slot: what overlap scores cannot tell from a right
 * template.
 */
export function slotTable(rows: readonly ScoreRow[], points: BestPoints): Html {
  const slots = slotsOf(rows);
  if (slots.length === 0) return nothing;
  const mean = scores().find(({ column }) => column === 'slots');
  return html`<h3>Slot accuracy</h3>
<p class="quiet">Share of answers that name the right value of each fact, and no other.</p>
${table(
  ['model', ...slots, 'mean'],
  rows.map((row) => [
    html`<th>${labelOf(row, points)}</th>`,
    ...slots.map((slot) => slotCell(slotScore(row, slot)?.value ?? Number.NaN)),
    slotCell(mean?.of(row)?.value ?? Number.NaN),
  ]),
)}`;
}

/** ROUGE-L of parts of the test rows. */
export function sliceTable(rows: readonly ScoreRow[], points: BestPoints): Html {
  const slices = slicesOf(rows);
  if (slices.length === 0) return nothing;
  return html`<details><summary>ROUGE-L of parts of the test rows</summary>
<p class="quiet">By the length of the reference, by whether a fact is right, by leaks and by source. Differences between
parts have no test beside them: the parts differ in more than their name.</p>
${table(
  ['model', ...slices.map(({ slice }) => slice)],
  rows.map((row) => [
    html`<th>${labelOf(row, points)}</th>`,
    ...slices.map((slice) => {
      const score = sliceScore(row, slice);
      return scoreCell(score, score === undefined ? [] : [`${score.rows} rows`]);
    }),
  ]),
)}</details>`;
}

const table = (titles: readonly string[], lines: readonly (readonly Html[])[]): Html =>
  html`<div class="wide"><table><thead><tr>${titles.map((title) => html`<th>${title}</th>`)}</tr></thead>
<tbody>${lines.map((cells) => html`<tr>${cells}</tr>`)}</tbody></table></div>`;

function scoreCell(score: RowScore | undefined, more: readonly string[] = []): Html {
  if (score === undefined) return html`<td>–</td>`;
  const spread = [
    ...(score.deviation === undefined ? [] : [`± ${score.deviation.toFixed(3)}`]),
    ...(score.interval === undefined ? [] : [boundsOf(score.interval, score.method)]),
    ...more,
  ];
  return html`<td>${score.value.toFixed(3)}${spread.map((text) => html`<small>${text}</small>`)}</td>`;
}

const boundsOf = (interval: NonNullable<RowScore['interval']>, method: RowScore['method']): string =>
  `${interval.map((bound) => bound.toFixed(3)).join(' to ')}${method === 'range' ? ' (range)' : ''}`;

const slotCell = (value: number): Html =>
  Number.isNaN(value)
    ? html`<td>–</td>`
    : html`<td style="background:color-mix(in srgb, var(--dot) ${Math.round(value * 45)}%, transparent)">${value.toFixed(2)}</td>`;
