import { html, type Html } from './html.ts';

export interface ScoredModel {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [number, number] | undefined;
}

const size = { width: 640, row: 24, left: 130, right: 60, bottom: 22 };

/** One dot a model with the whiskers of its interval, on the scale from 0 to 1. */
export function scoreChart(title: string, models: readonly ScoredModel[]): Html {
  const height = models.length * size.row + size.bottom;
  const x = (value: number) => (size.left + value * (size.width - size.left - size.right)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) =>
      html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="${height - size.bottom}"/><text x="${x(tick)}" y="${height - 6}" text-anchor="middle">${tick}</text>`,
  );
  const rows = models.map(({ label, value, interval }, index) => {
    const y = index * size.row + size.row / 2;
    const whisker =
      interval === undefined
        ? html``
        : html`<line class="whisker" x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${y}" y2="${y}"/>`;
    return html`<text x="${size.left - 10}" y="${y + 4}" text-anchor="end">${label}</text>${whisker}<circle class="dot" cx="${x(value)}" cy="${y}" r="4.5"/><text x="${size.width - size.right + 12}" y="${y + 4}">${value.toFixed(3)}</text>`;
  });
  return html`<svg viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${title}">${grid}${rows}</svg>`;
}
