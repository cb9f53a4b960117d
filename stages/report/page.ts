import type { BestPoints } from '../results/best-points.ts';
import type { LogRecord, Samples } from '../results/evaluation.ts';
import { type Axed, byName, datasetOf, modelOf, type ScoreRow } from '../results/score-row.ts';
import { boundsText, type RowScore, scores } from '../results/scores.ts';
import { html, type Html } from './html.ts';
import { lossSection } from './loss-section.ts';
import { samplesSection } from './samples-section.ts';
import { scoreChart } from './score-chart.ts';
import { labelOf, leakFreeTable, scoreColumns, sliceTable, slotTable } from './score-tables.ts';
import { styles } from './styles.ts';

export interface ReportContent {
  readonly title: string;
  readonly rows: readonly ScoreRow[];
  readonly points: BestPoints;
  readonly logs: readonly Axed<readonly LogRecord[]>[];
  readonly samples: readonly Axed<Samples>[];
}

/**
 * A text of a model or a data set that became markup by a fault of ours would still load and run nothing.
 */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The whole experiment on one page that opens from disk: no script, no request, no font. */
export function reportPage(content: ReportContent): string {
  const datasets = [...new Set(content.rows.map(({ dataset }) => dataset))];
  const head = [
    html`<meta charset="utf-8">`,
    { html: `<meta http-equiv="Content-Security-Policy" content="${policy}">` },
    html`<meta name="viewport" content="width=device-width, initial-scale=1">`,
    html`<title>${content.title}</title>`,
    html`<style>${{ html: styles }}</style>`,
  ];
  const body = html`<header><h1>${content.title}</h1>
<p class="notice">
A research tool. The texts below are written by small language models: they are not medical advice.</p>
<nav>${datasets.map((dataset) => html`<a href="#${dataset}">${dataset}</a> `)}</nav></header>
${datasets.map((dataset) => datasetSection(dataset, content))}`;
  const page = html`<html lang="en"><head>${head}</head><body>${body}</body></html>`;
  return `<!doctype html>\n${page.html}\n`;
}

function datasetSection(dataset: string, { rows, points, logs, samples }: ReportContent): Html {
  const own = rows.filter((row) => row.dataset === dataset);
  const warnings = points.warnings.filter((warning) => own.some((row) => warning.rows.has(row)));
  return html`<section id="${dataset}"><h2>${dataset}</h2>
${warnings.map(({ text }) => html`<p class="notice">${text}</p>`)}
<h3>ROUGE-L with its ${boundsText(own.map(leadingScore))}</h3>
${leadingChart(dataset, own, points)}
<h3>Scores</h3>
<p class="quiet">${tableNotes(own, points).join(' ')}</p>
${scoreColumns(own, points, isMultilingual)}
<details><summary>Reference profile: as the original experiment counted</summary>
${scoreColumns(own, points, (column) => !column.startsWith('multilingual_') && column !== 'slots')}
</details>
${leakFreeTable(own, points, isMultilingual)}
${slotTable(own, points)}
${sliceTable(own, points)}
<h3>Loss</h3>
${lossSection(ofDataset(logs, dataset))}
<h3>Samples</h3>
${samplesSection(ofDataset(samples, dataset))}
</section>`;
}

/** ROUGE-1 of this profile always equals its F1. */
const isMultilingual = (column: string): boolean =>
  (column.startsWith('multilingual_') && column !== 'multilingual_rouge1') || column === 'bertscore_f1';

function tableNotes(rows: readonly ScoreRow[], { by }: BestPoints): readonly string[] {
  const encoders = new Set(rows.flatMap((row) => row.evaluations.map((one) => one.bertscore_model)));
  return [
    'Multilingual profile: letters of Chinese count as words, and ROUGE-1 always equals F1.',
    'The selection loss is that of a label token on the validation rows, without smoothing.',
    ...(by === undefined
      ? []
      : [
          `★ is the best by ${by}, never by a score of this table;`,
          '~ a point whose loss, row by row, does not differ from it (p at least 0.05).',
        ]),
    ...(rows.some(({ adopted }) => adopted)
      ? ['† is adopted: files that were there, which no run computed.']
      : []),
    ...(rows.some(({ evaluations }) => evaluations.length > 1)
      ? ['Of several seeds: the mean ± sample standard deviation, and an interval over seeds and rows.']
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

function leadingChart(dataset: string, rows: readonly ScoreRow[], points: BestPoints): Html {
  return scoreChart(
    `ROUGE-L, ${dataset}`,
    rows.map((row) => {
      const score = leadingScore(row);
      return {
        label: labelOf(row, points),
        value: score?.value ?? Number.NaN,
        interval: score?.interval,
        seeds: row.evaluations.map(({ multilingual }) => multilingual.rougeL),
      };
    }),
  );
}

const leadingScore = (row: ScoreRow): RowScore | undefined =>
  scores()
    .find(({ column }) => column === 'multilingual_rougeL')
    ?.of(row);
