import type { BestPoints } from '../results/best-points.ts';
import type { LogRecord, Samples } from '../results/evaluation.ts';
import { type Axed, byName, datasetOf, modelOf, type ScoreRow } from '../results/score-row.ts';
import {
  boundsText,
  type RowScore,
  type Score,
  scores,
  selectionScore,
  slotScore,
  slotsOf,
} from '../results/scores.ts';
import { html, nothing, type Html } from './html.ts';
import { lossChart, smoothed, type Line } from './loss-chart.ts';
import { scoreChart } from './score-chart.ts';
import { styles } from './styles.ts';

export interface ReportContent {
  readonly title: string;
  readonly rows: readonly ScoreRow[];
  readonly points: BestPoints;
  readonly logs: readonly Axed<readonly LogRecord[]>[];
  readonly samples: readonly Axed<Samples>[];
}

/** A text of a model or a data set that became markup by a fault of ours would still load and run nothing. */
const contentSecurityPolicy = html`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`;

/** The whole experiment on one page that opens from disk: no script, no request, no font. */
export function reportPage(content: ReportContent): string {
  const datasets = [...new Set(content.rows.map(({ dataset }) => dataset))];
  const body = html`<header><h1>${content.title}</h1>
<p class="notice">A research tool. The texts below are written by small language models: they are not medical advice.</p>
<nav>${datasets.map((dataset) => html`<a href="#${dataset}">${dataset}</a> `)}</nav></header>
${datasets.map((dataset) => datasetSection(dataset, content))}`;
  return `<!doctype html>\n${html`<html lang="en"><head><meta charset="utf-8">${contentSecurityPolicy}<meta name="viewport" content="width=device-width, initial-scale=1"><title>${content.title}</title><style>${{ html: styles }}</style></head><body>${body}</body></html>`.html}\n`;
}

function datasetSection(dataset: string, { rows, points, logs, samples }: ReportContent): Html {
  const own = rows.filter((row) => row.dataset === dataset);
  const warnings = points.warnings.filter((warning) => own.some((row) => warning.rows.has(row)));
  return html`<section id="${dataset}"><h2>${dataset}</h2>
${warnings.map(({ text }) => html`<p class="notice">${text}</p>`)}
<h3>ROUGE-L with its ${boundsText(own.map(leadingScore))}</h3>
${scoreChart(
  `ROUGE-L, ${dataset}`,
  own.map((row) => ({ label: labelOf(row, points), ...chartScore(row) })),
)}
<h3>Scores</h3>
<p class="quiet">${tableNotes(own, points).join(' ')}</p>
${scoreColumns(own, points, (column) => column.startsWith('multilingual_') || column === 'bertscore_f1')}
<details><summary>Reference profile: as the original experiment counted</summary>${scoreColumns(
    own,
    points,
    (column) => !column.startsWith('multilingual_') && column !== 'slots',
  )}</details>
${slotTable(own, points)}
<h3>Loss</h3>
${lossSection(ofDataset(logs, dataset))}
<h3>Samples</h3>
${samplesSection(ofDataset(samples, dataset))}
</section>`;
}

function tableNotes(rows: readonly ScoreRow[], { by }: BestPoints): readonly string[] {
  const encoders = new Set(rows.flatMap((row) => row.evaluations.map((one) => one.bertscore_model)));
  return [
    'Multilingual profile: letters of Chinese count as words.',
    'The selection loss is that of a label token on the validation rows, without smoothing.',
    ...(by === undefined
      ? []
      : [
          `★ is the best by ${by}, never by a score of this table;`,
          '~ a point whose loss, row by row, cannot be told from it.',
        ]),
    ...(rows.some(({ adopted }) => adopted)
      ? ['† is adopted: files that were there, which no run computed.']
      : []),
    `BERTScore by ${[...encoders].join(', ')}.`,
  ];
}

/** In the order of the tables. */
function ofDataset<T>(results: readonly Axed<T>[], dataset: string): readonly Axed<T>[] {
  return results
    .filter(({ axes }) => datasetOf(axes) === dataset)
    .sort((a, b) => byName(modelOf(a.axes), modelOf(b.axes)));
}

function chartScore(row: ScoreRow): Pick<RowScore, 'value' | 'interval'> {
  const score = leadingScore(row);
  return { value: score?.value ?? Number.NaN, interval: score?.interval };
}

const leadingScore = (row: ScoreRow): RowScore | undefined =>
  scores()
    .find(({ column }) => column === 'multilingual_rougeL')
    ?.of(row);

const labelOf = (row: ScoreRow, { best, tied }: BestPoints): string =>
  `${row.model}${best.has(row) ? ' ★' : tied.has(row) ? ' ~' : ''}${row.adopted ? ' †' : ''}`;

/**
 * The scores of the columns that are asked for, each with its interval and, of several seeds, its deviation.
 */
function scoreColumns(
  rows: readonly ScoreRow[],
  points: BestPoints,
  wanted: (column: string) => boolean,
): Html {
  const columns = scores().filter(
    ({ column, of }) => wanted(column) && rows.some((row) => of(row) !== undefined),
  );
  return html`<div class="wide"><table><thead><tr><th>model</th><th>selection loss</th>${columns.map(({ title }) => html`<th>${title}</th>`)}<th>rows</th></tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr><th>${labelOf(row, points)}</th>${scoreCell(selectionScore(row))}${columns.map(({ of }: Score) => scoreCell(of(row)))}<td>${row.evaluations[0]?.num_samples ?? 0}</td></tr>`,
  )}</tbody></table></div>`;
}

function scoreCell(score: RowScore | undefined): Html {
  if (score === undefined) return html`<td>–</td>`;
  const spread = [
    ...(score.deviation === undefined ? [] : [`± ${score.deviation.toFixed(3)}`]),
    ...(score.interval === undefined ? [] : [boundsOf(score.interval, score.method)]),
  ];
  return html`<td>${score.value.toFixed(3)}<small>${spread.join('; ')}</small></td>`;
}

const boundsOf = (interval: NonNullable<RowScore['interval']>, method: RowScore['method']): string =>
  `${interval.map((bound) => bound.toFixed(3)).join(' to ')}${method === 'range' ? ' (range)' : ''}`;

/**
 * The share of answers that hold the right fact, slot by slot: what overlap scores cannot tell from a right
 * template.
 */
function slotTable(rows: readonly ScoreRow[], points: BestPoints): Html {
  const slots = slotsOf(rows);
  if (slots.length === 0) return nothing;
  const mean = scores().find(({ column }) => column === 'slots');
  return html`<h3>Slot accuracy</h3><p class="quiet">Share of answers that name the right value of each fact, and no other.</p><div class="wide"><table><thead><tr><th>model</th>${slots.map((slot) => html`<th>${slot}</th>`)}<th>mean</th></tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr><th>${labelOf(row, points)}</th>${slots.map((slot) => slotCell(slotScore(row, slot)?.value ?? Number.NaN))}${slotCell(mean?.of(row)?.value ?? Number.NaN)}</tr>`,
  )}</tbody></table></div>`;
}

const slotCell = (value: number): Html =>
  Number.isNaN(value)
    ? html`<td>–</td>`
    : html`<td style="background:color-mix(in srgb, var(--dot) ${Math.round(value * 45)}%, transparent)">${value.toFixed(2)}</td>`;

/** Colours that colour-blind readers can tell apart (Okabe and Ito, 2008). */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a6d3b', '#7f7f7f'];

function lossSection(logs: readonly Axed<readonly LogRecord[]>[]): Html {
  const trained = logs.filter(({ content }) => content.some(({ loss }) => loss !== undefined));
  const colored = trained.map((log, index) => ({
    label: modelOf(log.axes),
    color: palette[index % palette.length] ?? '#7f7f7f',
    records: log.content,
  }));
  const lines = colored.flatMap(({ label, color, records }): readonly Line[] => [
    {
      label: `${label}, training`,
      color,
      dashed: false,
      points: smoothed(
        records.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ x: step, y: loss }])),
        10,
      ),
    },
    {
      label: `${label}, validation`,
      color,
      dashed: true,
      points: records.flatMap(({ step, evaluationLoss }) =>
        evaluationLoss === undefined ? [] : [{ x: step, y: evaluationLoss }],
      ),
    },
  ]);
  return html`${lossChart(lines)}<p class="legend">${colored.map(({ label, color }) => html`<span><i style="background:${color}"></i>${label}</span> `)}<span class="quiet">solid: training, mean of 10 steps; dashed: validation</span></p>`;
}

function samplesSection(samples: readonly Axed<Samples>[]): Html {
  const [first] = samples;
  if (first === undefined) return html`<p class="quiet">No samples.</p>`;
  const temperatures = Object.keys(first.content.answers);
  return html`${first.content.questions.map(
    (question, index) =>
      html`<details${index === 0 ? ' open' : ''}><summary>${question}</summary><div class="wide"><table class="text"><thead><tr><th>model</th>${temperatures.map((temperature) => html`<th>temperature ${temperature.replace(/^temp_/, '')}</th>`)}</tr></thead><tbody>${samples.map(
        ({ axes, content }) =>
          html`<tr><th>${modelOf(axes)}</th>${temperatures.map((temperature) => html`<td>${content.answers[temperature]?.[index] ?? ''}</td>`)}</tr>`,
      )}</tbody></table></div></details>`,
  )}`;
}
