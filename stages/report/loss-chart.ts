import { html, type Html } from './html.ts';

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly mark: Mark;
  readonly dashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A shape on a line, for lines of one colour. */
export type Mark = 'none' | 'circle' | 'square' | 'triangle';

const size = { width: 640, height: 300, left: 48, right: 12, top: 12, bottom: 38 };

/** Curves over steps on a logarithmic loss axis, as an SVG that scales with the page. */
export function lossChart(lines: readonly Line[]): Html {
  const points = lines.flatMap((line) => line.points).filter(({ y }) => Number.isFinite(y) && y > 0);
  if (points.length === 0) return html`<p class="quiet">No training steps were logged.</p>`;
  const extent = points.reduce(
    (reached, { x, y }) => ({
      x: Math.max(reached.x, x),
      low: Math.min(reached.low, y),
      high: Math.max(reached.high, y),
    }),
    { x: 1, low: Infinity, high: 0 },
  );
  const range = { low: extent.low, high: Math.max(extent.high, extent.low * 1.01) };
  const x = (step: number) => size.left + (step / extent.x) * (size.width - size.left - size.right);
  const y = (loss: number) =>
    size.top +
    (1 - Math.log(loss / range.low) / Math.log(range.high / range.low)) *
      (size.height - size.top - size.bottom);
  const right = size.width - size.right;
  const gridLines = logarithmicTicks(range.low, range.high).map(
    (tick) =>
      html`<line class="grid" x1="${size.left}" x2="${right}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/>
<text x="${size.left - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${String(tick)}</text>`,
  );
  const stepTicks = linearTicks(extent.x).map(
    (tick) => html`<text x="${fixed(x(tick))}" y="${size.height - 20}" text-anchor="middle">${tick}</text>`,
  );
  const paths = lines.map((line) => {
    const drawn = thinned(line.points.filter(({ y: loss }) => loss > 0)).map((point) => ({
      x: x(point.x),
      y: y(point.y),
    }));
    const path = drawn.map((point) => `${fixed(point.x)},${fixed(point.y)}`).join(' ');
    const every = Math.max(1, Math.ceil(drawn.length / marksOnLine));
    const marks = drawn.filter((_, index) => index % every === 0);
    return html`<g style="color:${line.color}"><title>${line.label}</title>
<polyline fill="none" stroke="${line.color}" stroke-width="1.6" stroke-dasharray="${line.dashed ? '5 3' : 'none'}"
 points="${path}"/>${marks.map((point) => markShape(line.mark, point.x, point.y))}</g>`;
  });
  const title = html`<text x="${(size.left + size.width) / 2}" y="${size.height - 4}" text-anchor="middle">step</text>`;
  return html`<div class="wide"><svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="loss by step">
${gridLines}${stepTicks}${title}${paths}</svg></div>`;
}

const marksOnLine = 8;

/** Filled with the colour of the element around it. */
export function markShape(mark: Mark, x: number, y: number): Html {
  switch (mark) {
    case 'none':
      return html``;
    case 'circle':
      return html`<circle cx="${fixed(x)}" cy="${fixed(y)}" r="3.2" fill="currentColor"/>`;
    case 'square':
      return html`<rect x="${fixed(x - 3)}" y="${fixed(y - 3)}" width="6" height="6" fill="currentColor"/>`;
    case 'triangle':
      return html`<path d="M ${fixed(x)} ${fixed(y - 4)} l 4 7 h -8 z" fill="currentColor"/>`;
  }
}

/** A running mean, so that a curve of small batches can be read. */
export function smoothed(points: Line['points'], window: number): Line['points'] {
  return points.map((point, index) => {
    const near = points.slice(Math.max(0, index - window + 1), index + 1);
    return { x: point.x, y: near.reduce((sum, { y }) => sum + y, 0) / near.length };
  });
}

/** As many points as the chart is wide, at most: a long training has a hundred thousand. */
function thinned(points: Line['points']): Line['points'] {
  const every = Math.ceil(points.length / size.width);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}

/** 1, 2 and 5 times powers of ten that lie within the range. */
function logarithmicTicks(low: number, high: number): readonly number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent += 1) {
    for (const factor of [1, 2, 5]) ticks.push(Number((factor * 10 ** exponent).toPrecision(1)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function linearTicks(high: number): readonly number[] {
  const rough = high / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const step = Math.max(1, Math.round(unit));
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, index) => index * step);
}

const fixed = (value: number): string => value.toFixed(1);
