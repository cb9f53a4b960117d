import type { Axed, ScoreRow } from '../results/score-row.ts';
import {
  bestOfGrids,
  byName,
  datasetOf,
  deviationOf,
  meanOf,
  modelOf,
  validationLossOf,
} from '../results/score-row.ts';
import { slotMean } from '../collate/score-table.ts';
import type { Evaluation, LogRecord, ProfileScores, Samples } from '../results/evaluation.ts';
import { html, nothing, type Html } from './html.ts';
import { lossChart, smoothed, type Line } from './loss-chart.ts';
import { scoreChart } from './score-chart.ts';
import { styles } from './styles.ts';

export interface ReportContent {
  readonly title: string;
  readonly gridPrefix: string;
  readonly rows: readonly ScoreRow[];
  readonly logs: readonly Axed<readonly LogRecord[]>[];
  readonly samples: readonly Axed<Samples>[];
}

/** The whole experiment on one page that opens from disk: no script, no request, no font. */
export function reportPage(content: ReportContent): string {
  const datasets = [...new Set(content.rows.map(({ dataset }) => dataset))];
  const best = bestOfGrids(content.rows, content.gridPrefix);
  const body = html`<header><h1>${content.title}</h1>
<p class="notice">A research tool. The texts below are written by small language models: they are not medical advice.</p>
<nav>${datasets.map((dataset) => html`<a href="#${dataset}">${dataset}</a> `)}</nav></header>
${datasets.map((dataset) => datasetSection(dataset, content, best))}`;
  return `<!doctype html>\n${html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${content.title}</title><style>${{ html: styles }}</style></head><body>${body}</body></html>`.html}\n`;
}

function datasetSection(
  dataset: string,
  { rows, logs, samples }: ReportContent,
  best: ReadonlySet<ScoreRow>,
): Html {
  const own = rows.filter((row) => row.dataset === dataset);
  return html`<section id="${dataset}"><h2>${dataset}</h2>
<h3>ROUGE-L with 95 % intervals</h3>
${scoreChart(
  `ROUGE-L, ${dataset}`,
  own.map((row) => ({
    label: labelOf(row, best),
    value: meanOf(row, rougeL),
    interval: row.evaluations.length === 1 ? row.evaluations[0]?.intervals.multilingual['rougeL'] : undefined,
  })),
)}
<h3>Scores</h3>
<p class="quiet">Multilingual profile: characters count as words in Chinese. ★ is the best point of the grid by validation loss, not by a score of this table. BERTScore by ${[...new Set(own.flatMap((row) => row.evaluations.map(({ bertscore_model }) => bertscore_model)))].join(', ')}.</p>
${profileTable(
  own,
  best,
  ({ multilingual }) => multilingual,
  ({ intervals }) => intervals.multilingual,
)}
<details><summary>Reference profile: as the original experiment counted</summary>${profileTable(
    own,
    best,
    ({ metrics }) => metrics,
    ({ intervals }) => intervals.metrics,
  )}</details>
${slotTable(own, best)}
<h3>Loss</h3>
${lossSection(ofDataset(logs, dataset))}
<h3>Samples</h3>
${samplesSection(ofDataset(samples, dataset))}
</section>`;
}

/** In the order of the tables. */
function ofDataset<T>(results: readonly Axed<T>[], dataset: string): readonly Axed<T>[] {
  return results
    .filter(({ axes }) => datasetOf(axes) === dataset)
    .sort((a, b) => byName(modelOf(a.axes), modelOf(b.axes)));
}

const rougeL = ({ multilingual }: Evaluation): number => multilingual.rougeL;

const labelOf = (row: ScoreRow, best: ReadonlySet<ScoreRow>): string =>
  `${row.model}${best.has(row) ? ' ★' : ''}`;

const scoreColumns: readonly { readonly name: keyof ProfileScores; readonly title: string }[] = [
  { name: 'rouge1', title: 'ROUGE-1' },
  { name: 'rouge2', title: 'ROUGE-2' },
  { name: 'rougeL', title: 'ROUGE-L' },
  { name: 'f1', title: 'F1' },
  { name: 'exact_match', title: 'exact match' },
];

function profileTable(
  rows: readonly ScoreRow[],
  best: ReadonlySet<ScoreRow>,
  scores: (evaluation: Evaluation) => ProfileScores,
  intervals: (evaluation: Evaluation) => Evaluation['intervals']['metrics'],
): Html {
  const cell = (row: ScoreRow, name: keyof ProfileScores) => {
    const [only] = row.evaluations;
    const interval = row.evaluations.length === 1 && only !== undefined ? intervals(only)[name] : undefined;
    const deviation = deviationOf(row, (evaluation) => scores(evaluation)[name]);
    const spread =
      interval === undefined
        ? deviation === undefined
          ? ''
          : `± ${deviation.toFixed(3)}`
        : `${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}`;
    return html`<td>${meanOf(row, (evaluation) => scores(evaluation)[name]).toFixed(3)}<small>${spread}</small></td>`;
  };
  return html`<div class="wide"><table><thead><tr><th>model</th><th>validation loss</th>${scoreColumns.map(({ title }) => html`<th>${title}</th>`)}<th>BERTScore F1</th><th>rows</th></tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr><th>${labelOf(row, best)}</th><td>${validationLossOf(row)?.toFixed(3) ?? '–'}</td>${scoreColumns.map(({ name }) => cell(row, name))}<td>${meanOf(row, ({ metrics }) => metrics.bertscore_f1).toFixed(3)}</td><td>${row.evaluations[0]?.num_samples ?? 0}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The share of answers that hold the right fact, slot by slot: what overlap scores cannot tell from a right template. */
function slotTable(rows: readonly ScoreRow[], best: ReadonlySet<ScoreRow>): Html {
  const slots = [
    ...new Set(
      rows.flatMap((row) => row.evaluations.flatMap(({ slot_accuracy }) => Object.keys(slot_accuracy ?? {}))),
    ),
  ];
  if (slots.length === 0) return nothing;
  return html`<h3>Slot accuracy</h3><p class="quiet">Share of answers that hold the right value of each fact.</p><div class="wide"><table><thead><tr><th>model</th>${slots.map((slot) => html`<th>${slot}</th>`)}<th>mean</th></tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr><th>${labelOf(row, best)}</th>${slots.map((slot) => slotCell(meanOf(row, ({ slot_accuracy }) => slot_accuracy?.[slot] ?? Number.NaN)))}${slotCell(meanOf(row, slotMean))}</tr>`,
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
