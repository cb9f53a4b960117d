import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunsAnswer } from '../../api.ts';
import type { CurveAnswer, CurvesAnswer } from '../../../pages/result-answers.ts';
import { changed, go } from '../address.ts';
import { type Across, afterEvents, pointsOf, smoothed } from '../charts/curve-lines.ts';
import { shortLabel } from '../instance-labels.ts';
import { type Line, LineChart } from '../charts/line-chart.tsx';
import { LineKey } from '../charts/line-key.tsx';
import { lineStyleAt } from '../charts/line-style.ts';
import { numberText } from '../number-text.ts';
import { Choice, Command, Empty, PageHead, Select, Waiting, WaitingPage } from '../parts.tsx';
import { dateTimeText } from '../time-text.ts';
import { port } from '../port/data-port.ts';
import { useAnswer } from '../use-answer.ts';
import { changesStates, useLive } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';

/** So many are drawn until others are chosen. */
const mostAtFirst = 6;

/** What instances report by step: the loss, the learning rate; as it comes while they run. */
export function CurvesPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<CurvesAnswer>('/api/curves', changesStates);
  if (answer === undefined) return <WaitingPage title="Curves" problem={problem} isLoading={isLoading} />;
  const all = answer.curves.filter(({ isRunning, hasResult }) => isRunning || hasResult);
  const requested = query.getAll('of').filter((name) => all.some(({ instance }) => instance === name));
  const running = all.filter(({ isRunning }) => isRunning);
  const first = [...running, ...all.filter(({ isRunning }) => !isRunning)].slice(0, mostAtFirst);
  const chosen = requested.length > 0 ? requested : first.map(({ instance }) => instance);
  return (
    <>
      <PageHead
        title="Curves"
        text={
          `${chosen.length} of ${all.length} ${all.length === 1 ? 'instance' : 'instances'} with an ` +
          'out of kind “series”'
        }
      >
        {chosen[0] !== undefined && <Command command="log" names={[chosen[0]]} />}
      </PageHead>
      {all.length === 0 ? (
        <Empty>
          No values by step yet. Stages report them with an out of kind “series” or with metric messages.
        </Empty>
      ) : (
        <div class="with-side">
          <fieldset class="card side">
            <legend class="hidden-text">Instances</legend>
            <div class="bar">
              <button
                type="button"
                class="quiet"
                onClick={() => go(changed(query, { of: all.map(({ instance }) => instance) }))}
              >
                All
              </button>
              <button
                type="button"
                class="quiet"
                onClick={() => go(changed(query, { of: all.slice(0, 1).map(({ instance }) => instance) }))}
              >
                One
              </button>
            </div>
            {all.map(({ instance, isRunning }) => (
              <label key={instance}>
                <input
                  type="checkbox"
                  checked={chosen.includes(instance)}
                  onChange={() =>
                    go(
                      changed(query, {
                        of: chosen.includes(instance)
                          ? chosen.filter((each) => each !== instance)
                          : [...chosen, instance],
                      }),
                      'replace',
                    )
                  }
                />{' '}
                {chosen.includes(instance) && (
                  <LineKey lineStyle={lineStyleAt(chosen.indexOf(instance))} isDashed={false} />
                )}
                <span class="name">{instance}</span> {isRunning && <span class="muted">▸ running</span>}
              </label>
            ))}
          </fieldset>
          <Charts chosen={chosen} query={query} />
        </div>
      )}
    </>
  );
}

function Charts({ chosen, query }: { readonly chosen: readonly string[]; readonly query: URLSearchParams }) {
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

interface LoadedCurve {
  readonly instance: string;
  /** The requested run; undefined: the last. */
  readonly run: string | undefined;
  readonly curve: CurveAnswer;
}

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

/** The values at the ends of the lines, for users of screen readers. */
function LastValues({ lines, weight }: { readonly lines: readonly Line[]; readonly weight: number }) {
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

interface CurveQuery {
  readonly instance: string;
  readonly run: string | undefined;
}

/** The curves of instances, with live values while they run. */
function useCurves(requested: readonly CurveQuery[]): {
  readonly curves: readonly LoadedCurve[];
  readonly problem: string | undefined;
} {
  const [known, setKnown] = useState<ReadonlyMap<string, LoadedCurve>>(new Map());
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [restarted, setRestarted] = useState(0);
  const loading = useRef(new Set<string>());
  const addresses = requested.map(({ instance, run }) => addressOf(instance, run));
  useEffect(() => {
    for (const [index, address] of addresses.entries()) {
      const one = requested[index];
      if (one === undefined || loading.current.has(address)) continue;
      loading.current.add(address);
      port
        .answer<CurveAnswer>(address)
        .then((curve) => setKnown((before) => new Map(before).set(address, { ...one, curve })))
        .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
    }
  }, [addresses.join(' '), restarted]);
  useLive((events) => {
    for (const { instance, run } of requested) {
      const own = events.filter(({ event }) => 'instance' in event && event.instance === instance);
      const address = addressOf(instance, run);
      const before = known.get(address);
      if (run !== undefined || own.length === 0 || before === undefined) continue;
      // A new run has a curve of its own.
      if (own.some((event) => event.event.kind === 'started' || event.run !== before.curve.run)) {
        loading.current.delete(address);
        setRestarted((count) => count + 1);
      } else
        setKnown((all) => new Map(all).set(address, { ...before, curve: afterEvents(before.curve, own) }));
    }
  });
  return { curves: addresses.flatMap((address) => known.get(address) ?? []), problem };
}

const addressOf = (instance: string, run: string | undefined): string =>
  `/api/curve?name=${encodeURIComponent(instance)}` +
  (run === undefined ? '' : `&run=${encodeURIComponent(run)}`);
