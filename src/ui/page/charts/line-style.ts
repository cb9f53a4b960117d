/** What tells a line from the others of a chart: a color and, where the colors are used up, a marker. */
export interface LineStyle {
  /** 0 to 7: the class `series-0` and so on. */
  readonly color: number;
  /** 0: none. */
  readonly marker: number;
}

const colors = 8;

/** Centred at 0, 0. Filled shapes first; outlined ones differ from them even without color. */
export const markerShapes = [
  { path: circle(3.6), isFilled: true },
  { path: 'M-3.3 -3.3H3.3V3.3H-3.3Z', isFilled: true },
  { path: 'M0 -4.4L4.4 3.4H-4.4Z', isFilled: true },
  { path: 'M0 -4.8L4.8 0L0 4.8L-4.8 0Z', isFilled: true },
  { path: circle(3.6), isFilled: false },
  { path: 'M-3.3 -3.3H3.3V3.3H-3.3Z', isFilled: false },
  { path: 'M0 -4.4L4.4 3.4H-4.4Z', isFilled: false },
  { path: 'M0 -4.8L4.8 0L0 4.8L-4.8 0Z', isFilled: false },
] as const;

/** How many lines of a chart have styles of their own. */
export const distinctStyles = colors * (markerShapes.length + 1);

/** Of a line by its place among the lines. */
export const lineStyleAt = (place: number): LineStyle => ({
  color: place % colors,
  marker: Math.floor(place / colors) % (markerShapes.length + 1),
});

function circle(radius: number): string {
  const half = `a${radius} ${radius} 0 1 0`;
  return `M-${radius} 0${half} ${2 * radius} 0${half} -${2 * radius} 0Z`;
}
