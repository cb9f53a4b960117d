import type { LogRecord } from '../results/evaluation.ts';
import { type Axed, modelOf } from '../results/score-row.ts';
import { html, type Html } from './html.ts';
import { type Line, lossChart, type Mark, markShape, smoothed } from './loss-chart.ts';

type Log = Axed<readonly LogRecord[]>;

/** The curves of all trainings: a colour and a mark for each model, a line for each of its seeds. */
export function lossSection(logs: readonly Log[]): Html {
  const trained = logs.filter(({ content }) => content.some(({ loss }) => loss !== undefined));
  const models = [...new Set(trained.map(({ axes }) => modelOf(axes)))];
  const looks = new Map(models.map((model, index) => [model, lookOf(index)]));
  const lines = trained.flatMap((log) => linesOf(log, looks.get(modelOf(log.axes)) ?? lookOf(0)));
  const legend = [...looks].map(
    ([model, { color, mark }]) =>
      html`<span><svg class="key" viewBox="-14 -6 28 12" style="color:${color}"><line x1="-14" x2="14" y1="0" y2="0"
 stroke="${color}" stroke-width="2"/>${markShape(mark, 0, 0)}</svg>${model}</span> `,
  );
  const hasSeeds = models.length < trained.length;
  return html`${lossChart(lines)}<p class="legend">${legend}<span class="quiet">solid: training, mean of 10 steps;
 dashed: validation${hasSeeds ? '; a line for each seed' : ''}</span></p>`;
}

/** Colours that colour-blind readers can tell apart (Okabe and Ito, 2008), on light and on dark. */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a6d3b', '#7f7f7f'];

const marks: readonly Mark[] = ['none', 'circle', 'square', 'triangle'];

/** When the colours are used up, the next models have them again with another mark. */
const lookOf = (index: number): Pick<Line, 'color' | 'mark'> => ({
  color: palette[index % palette.length] ?? '#7f7f7f',
  mark: marks[Math.floor(index / palette.length) % marks.length] ?? 'none',
});

function linesOf({ axes, content }: Log, look: Pick<Line, 'color' | 'mark'>): readonly Line[] {
  const { seed } = axes;
  const name = seed === undefined ? modelOf(axes) : `${modelOf(axes)}, seed ${String(seed)}`;
  const training = content.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ x: step, y: loss }]));
  const validation = content.flatMap(({ step, evaluationLoss }) =>
    evaluationLoss === undefined ? [] : [{ x: step, y: evaluationLoss }],
  );
  return [
    { ...look, label: `${name}, training`, dashed: false, points: smoothed(training, 10) },
    { ...look, label: `${name}, validation`, dashed: true, points: validation },
  ];
}
