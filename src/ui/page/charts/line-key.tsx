import { type LineStyle, markerShapes } from './line-style.ts';

/** In the color of its surroundings; nothing for a line without markers. */
export function Marker(props: { readonly marker: number; readonly x: number; readonly y: number }) {
  const shape = markerShapes[props.marker - 1];
  if (shape === undefined) return null;
  return (
    <path
      class={shape.isFilled ? 'marker filled' : 'marker'}
      d={shape.path}
      transform={`translate(${props.x.toFixed(1)} ${props.y.toFixed(1)})`}
    />
  );
}

/** A short piece of a line beside its name. */
export const LineKey = (props: { readonly lineStyle: LineStyle; readonly isDashed: boolean }) => (
  <svg class={`line-key series-${props.lineStyle.color}`} width="24" height="12" aria-hidden="true">
    <path class={props.isDashed ? 'dashed' : ''} d="M1 6H23" />
    <Marker marker={props.lineStyle.marker} x={12} y={6} />
  </svg>
);
