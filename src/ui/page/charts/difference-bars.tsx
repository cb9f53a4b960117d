import { numberText, signedText } from '../number-text.ts';

interface Difference {
  readonly name: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
  readonly effect: number;
}

/** Differences with their intervals around zero, as a table. */
export function DifferenceBars({ differences }: { readonly differences: readonly Difference[] }) {
  const reach = Math.max(
    1e-9,
    ...differences.flatMap(({ mean, low, high }) => [mean, low, high].filter(Number.isFinite).map(Math.abs)),
  );
  const place = (value: number): number => 50 + (value / reach) * 48;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Differences of all scores">
      <table class="differences">
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col" class="number">
              B minus A
            </th>
            <th scope="col">95 % interval</th>
            <th scope="col" class="number">
              p
            </th>
            <th scope="col" class="number">
              Effect
            </th>
          </tr>
        </thead>
        <tbody>
          {differences.map(({ name, mean, low, high, pValue, effect }) => (
            <tr key={name}>
              <th scope="row" class="name">
                {name}
              </th>
              <td class="number">{signedText(mean)}</td>
              <td class="interval-cell">
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect class="ground" x="49.8" y="0" width="0.4" height="8" />
                  <rect
                    class="span"
                    x={place(low)}
                    y="2.5"
                    width={Math.max(0.5, place(high) - place(low))}
                    height="3"
                  />
                  <rect class="value" x={place(mean) - 0.6} y="1" width="1.2" height="6" />
                </svg>
                <span class="muted">
                  {signedText(low)} to {signedText(high)}
                </span>
              </td>
              <td class="number">{pValue.toFixed(4)}</td>
              <td class="number">{Number.isFinite(effect) ? numberText(effect) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
