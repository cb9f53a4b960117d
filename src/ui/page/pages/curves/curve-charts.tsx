import type { RunsAnswer } from '../../../api.ts';
import { changed, go } from '../../address.ts';
import { type Across, pointsOf } from '../../charts/curve-lines.ts';
import { type Line, LineChart } from '../../charts/line-chart.tsx';
import { lineStyleAt } from '../../charts/line-style.ts';
import { shortLabel } from '../../instance-labels.ts';
import { Choice, Select, Waiting } from '../../parts.tsx';
import { port } from '../../port/data-port.ts';
import { dateTimeText } from '../../time-text.ts';
import { useAnswer } from '../../use-answer.ts';
import { LastValues } from './last-values.tsx';
import { type LoadedCurve, useCurves } from './use-curves.ts';

/** A chart for each series of the chosen instances. */
export function CurveCharts({
  chosen,
  query,
}: {
  readonly chosen: readonly string[];
  readonly query: URLSearchParams;
}) {
  const other = port.isLive ? (query.get('with') ?? '') : '';
  const { answer: runs } = useAnswer<RunsAnswer>(port.isLive ? '/api/runs?limit=100' : undefined);
  const { curves, problem } = useCurves([
    ...chosen.map((instance) => ({ instance, run: undefined })),
    ...(other === '' ? [] : chosen.map((instance) => ({ instance, run: other }))),
  ]);
  const across = acrosses.find(([name]) => name === query.get('x'))?.[0] ?? 'step';
  const weight = Math.min(0.99, Math.max(0, Number(query.get('smooth') ?? '0') || 0));
  const isLog = query.get('scale') === 'log';
  const names = [...new Set(curves.flatMap(({ curve }) => Object.keys(curve.series)))].toSorted(leadingFirst);
  const focus = query.get('series') ?? '';
  const shown = names.filter((name) => focus === '' || name === focus);
  return (
    <div class="stack">
      <div class="bar">
        <Choice
          label="X axis"
          options={acrosses}
          value={across}
          onChoose={(value) => go(changed(query, { x: value === 'step' ? undefined : value }), 'replace')}
        />
        <label class="field">
          <span>Smoothing</span>
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={weight}
            onInput={(event) =>
              go(changed(query, { smooth: event.currentTarget.value.replace(/^0$/, '') }), 'replace')
            }
          />
          <output>{weight.toFixed(2)}</output>
        </label>
        <button
          type="button"
          class="toggle"
          aria-pressed={isLog}
          onClick={() => go(changed(query, { scale: isLog ? undefined : 'log' }), 'replace')}
        >
          Log scale
        </button>
        <Select
          label="Series"
          options={[['', 'all'], ...names.map((name) => [name, name] as const)]}
          value={focus}
          onChoose={(value) => go(changed(query, { series: value }))}
        />
        {port.isLive && (
          <Select
            label="Beside run"
            options={[
              ['', 'none'],
              ...(runs?.runs ?? []).map(
                ({ run, startedAt }) => [run, `${run} · ${dateTimeText(startedAt)}`] as const,
              ),
            ]}
            value={other}
            onChoose={(value) => go(changed(query, { with: value }))}
          />
        )}
      </div>
      <Waiting problem={problem} isLoading={problem === undefined && curves.length === 0} />
      <div class={focus === '' ? 'charts' : 'charts focus'}>
        {shown.map((name) => {
          const lines = linesOf(name, curves, chosen, across);
          return (
            <figure key={name} class="chart-box">
              <figcaption>
                <h2>{name}</h2>
              </figcaption>
              {lines.length === 0 ? (
                <p class="muted">no {across === 'seconds' ? 'times' : `${across}s`} are known here</p>
              ) : (
                <LineChart
                  title={name}
                  across={acrossTitle(across)}
                  height={focus === '' ? 260 : 480}
                  lines={lines}
                  weight={weight}
                  isLog={isLog}
                />
              )}
              {focus !== '' && <LastValues lines={lines} weight={weight} />}
            </figure>
          );
        })}
      </div>
    </div>
  );
}

/** Losses before what explains them; others by name. */
const leading = ['loss', 'evaluationLoss', 'selectionLoss', 'learningRate', 'gradientNorm'];

const leadingFirst = (a: string, b: string): number => placeOf(a) - placeOf(b) || a.localeCompare(b, 'en');

const placeOf = (name: string): number => (leading.includes(name) ? leading.indexOf(name) : leading.length);

const acrosses: readonly (readonly [Across, string])[] = [
  ['step', 'Step'],
  ['epoch', 'Epoch'],
  ['seconds', 'Time'],
];

const acrossTitle = (across: Across): string => (across === 'seconds' ? 'seconds' : across);

function linesOf(
  series: string,
  curves: readonly LoadedCurve[],
  chosen: readonly string[],
  across: Across,
): readonly Line[] {
  return curves
    .map(({ instance, run, curve }): Line => {
      const short = shortLabel(instance, chosen);
      return {
        name: run === undefined ? instance : `${instance} in ${run}`,
        label: run === undefined ? short : `${short} ${run.slice(0, 8)}`,
        lineStyle: lineStyleAt(Math.max(0, chosen.indexOf(instance))),
        isDashed: run !== undefined,
        points: pointsOf(curve, series, across),
      };
    })
    .filter(({ points }) => points.length > 0);
}
