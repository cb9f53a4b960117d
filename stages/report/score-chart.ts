import { html, nothing, type Html } from './html.ts';

export interface ScoredModel {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [number, number] | undefined;
  /** The score of each seed; one where there is no axis of seeds. */
  readonly seeds: readonly number[];
}

const size = { width: 640, row: 24, left: 130, right: 60, bottom: 22 };

/** One dot a model with the whiskers of its interval, and a tick for each of several seeds, from 0 to 1. */
export function scoreChart(title: string, models: readonly ScoredModel[]): Html {
  const height = models.length * size.row + size.bottom;
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) =>
      html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="${height - size.bottom}"/>
<text x="${x(tick)}" y="${height - 6}" text-anchor="middle">${tick}</text>`,
  );
  return html`<div class="wide"><svg viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${title}">
${grid}${models.map(modelRow)}</svg></div>`;
}

const x = (value: number): string => (size.left + value * (size.width - size.left - size.right)).toFixed(1);

function modelRow({ label, value, interval, seeds }: ScoredModel, index: number): Html {
  const y = index * size.row + size.row / 2;
  const whisker =
    interval === undefined
      ? nothing
      : html`<path class="whisker" d="M ${x(interval[0])} ${y - 5} v 10 m 0 -5 H ${x(interval[1])} m 0 -5 v 10"/>`;
  const ticks =
    seeds.length < 2 ? [] : seeds.map((seed) => html`<path class="seed" d="M ${x(seed)} ${y + 5} v 6"/>`);
  return html`<text x="${size.left - 10}" y="${y + 4}" text-anchor="end">${label}</text>${whisker}${ticks}
<circle class="dot" cx="${x(value)}" cy="${y}" r="4.5"/>
<text x="${size.width - size.right + 12}" y="${y + 4}">${value.toFixed(3)}</text>`;
}
