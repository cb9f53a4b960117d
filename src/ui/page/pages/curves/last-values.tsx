import { smoothed } from '../../charts/curve-lines.ts';
import type { Line } from '../../charts/line-chart.tsx';
import { LineKey } from '../../charts/line-key.tsx';
import { numberText } from '../../number-text.ts';

/** The values at the ends of the lines, for users of screen readers. */
export function LastValues({ lines, weight }: { readonly lines: readonly Line[]; readonly weight: number }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col" class="number">
            Points
          </th>
          <th scope="col" class="number">
            Least
          </th>
          <th scope="col" class="number">
            Last
          </th>
          {weight > 0 && (
            <th scope="col" class="number">
              Last, smoothed
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ name, points, lineStyle, isDashed }) => (
          <tr key={name}>
            <td class="name">
              <LineKey lineStyle={lineStyle} isDashed={isDashed} />
              {name}
            </td>
            <td class="number">{points.length}</td>
            <td class="number">
              {numberText(points.reduce((least, { y }) => Math.min(least, y), Infinity))}
            </td>
            <td class="number">{numberText(points.at(-1)?.y ?? Number.NaN)}</td>
            {weight > 0 && (
              <td class="number">{numberText(smoothed(points, weight).at(-1)?.y ?? Number.NaN)}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
