import { useEffect, useState } from 'preact/hooks';
import { gpuUsageText } from '../../runner/report/gpu-text.ts';
import { durationText } from '../../runner/wording/duration-text.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import type { RunAnswer, RunInstance } from '../api.ts';
import { changed, linkTo, go } from './address.ts';
import { InstancePanel } from './pages/instance-panel.tsx';
import { Command, Counts, PageHead, State, useNow, Waiting } from './parts.tsx';
import { afterEvent, countsByState } from './run-state.ts';
import { startedFromText } from './started-from-text.ts';
import { dateTimeText } from './time-text.ts';
import { useAnswer } from './use-answer.ts';
import { useLive } from './use-live.ts';
import { VirtualRows } from './virtual-rows.tsx';

/** One run: each instance with its state, why it ran and when; while it runs, as it happens. */
export function RunView({ run: id, query }: { readonly run: string; readonly query: URLSearchParams }) {
  const { answer, problem, isLoading, again } = useAnswer<RunAnswer>(
    `/api/run?run=${encodeURIComponent(id)}`,
  );
  const [run, setRun] = useState(answer);
  useEffect(() => setRun(answer), [answer]);
  useLive((events) => {
    const own = events.filter((event) => event.run === id);
    if (own.length === 0) return;
    // The resource usage of instances is not an event: it is fetched when all have ended.
    const isOver = own.some(({ event }) => event.kind === 'run-finished');
    if (isOver || run === undefined || own.some(({ sequence }, index) => sequence > run.next + index))
      again();
    else setRun(own.reduce(afterEvent, run));
  });
  const now = useNow(run?.state === 'running');
  if (run === undefined) return <Waiting problem={problem} isLoading={isLoading} />;
  const end = run.finishedAt ?? (run.state === 'running' ? now : lastTime(run));
  const open = query.get('instance');
  const state = query.get('state') ?? '';
  const counts = countsByState(run.instances);
  const shown = run.instances.filter((row) => state === '' || row.state === state);
  const list = changed(query, { run: undefined, instance: undefined, state: undefined });
  const done = run.instances.filter(({ finishedAt }) => finishedAt !== undefined).length;
  return (
    <>
      <PageHead
        title={`Run ${run.run}`}
        text={
          <>
            {run.pipeline} · {run.file} · started {dateTimeText(run.startedAt)} ·{' '}
            {durationText((end - run.startedAt) / 1000)}
            {run.exitCode !== undefined && run.exitCode !== 0 && ` · exit code ${run.exitCode}`}
          </>
        }
      >
        <a {...linkTo(list)}>All runs</a>
      </PageHead>
      {run.startedFrom !== undefined && <p class="muted">{startedFromText(run.startedFrom)}</p>}
      <div class="bar">
        <State state={run.state} />
        {run.state === 'running' && (
          <progress value={done} max={run.instances.length} aria-label="Instances that have ended">
            {done} of {run.instances.length}
          </progress>
        )}
        <div class="choice" role="group" aria-label="Instances by state">
          <button
            type="button"
            aria-pressed={state === ''}
            onClick={() => go(changed(query, { state: undefined }))}
          >
            all {run.instances.length}
          </button>
          {counts.map(([each, count]) => (
            <button
              key={each}
              type="button"
              aria-pressed={state === each}
              onClick={() => go(changed(query, { state: each }))}
            >
              <Counts counts={[[each, count]]} />
            </button>
          ))}
        </div>
      </div>
      {run.warnings.length > 0 && (
        <details class="warnings">
          <summary>{run.warnings.length} warnings</summary>
          {run.warnings.map(({ text }, index) => (
            <pre key={index}>{text}</pre>
          ))}
        </details>
      )}
      <div class={open === null ? 'split' : 'split open'}>
        <VirtualRows
          label="Instances of the run"
          columns={6}
          rowHeight={40}
          rows={shown}
          head={
            <>
              <th scope="col">Instance</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col" class="number wide-only">
                CPU time
              </th>
              <th scope="col" class="number wide-only">
                Memory
              </th>
              <th scope="col" class="timeline-head">
                Timeline
              </th>
            </>
          }
          keyOf={({ instance }) => instance}
          isChosen={({ instance }) => instance === open}
          cells={(row) => (
            <InstanceCells
              row={row}
              span={{ from: run.startedAt, to: end, now }}
              isOpen={row.instance === open}
              address={changed(query, { instance: row.instance === open ? undefined : row.instance })}
            />
          )}
        />
        {open !== null && (
          <InstancePanel name={open} run={id} onClose={() => go(changed(query, { instance: undefined }))} />
        )}
      </div>
      <p class="foot">
        <Command command={`log INSTANCE --run ${run.run}`} />
      </p>
    </>
  );
}

/** The end of a run that was killed is not recorded. */
const lastTime = (run: RunAnswer): number =>
  Math.max(
    run.startedAt,
    ...run.instances.map(({ startedAt, finishedAt }) => finishedAt ?? startedAt ?? run.startedAt),
  );

function InstanceCells(props: {
  readonly row: RunInstance;
  readonly span: { readonly from: number; readonly to: number; readonly now: number };
  readonly isOpen: boolean;
  readonly address: string;
}) {
  const { row, span, isOpen, address } = props;
  const end = row.finishedAt ?? (row.state === 'running' ? span.now : span.to);
  return (
    <>
      <td>
        <a {...linkTo(address)} class="name" aria-expanded={isOpen} title={row.because.join('\n')}>
          {row.instance}
        </a>
      </td>
      <td>
        <State state={row.state} text={row.state === 'running' ? progressText(row) : undefined} />
      </td>
      <td class="number">
        {row.startedAt === undefined ? '' : durationText(Math.max(0, end - row.startedAt) / 1000)}
      </td>
      <td class="number wide-only">{row.usage === undefined ? '' : durationText(row.usage.cpuSeconds)}</td>
      <td class="number wide-only">
        {row.usage?.peakMemoryBytes === undefined ? '' : sizeText(row.usage.peakMemoryBytes)}
      </td>
      <td class="timeline">
        {row.startedAt !== undefined && (
          <Bar
            from={(row.startedAt - span.from) / Math.max(1, span.to - span.from)}
            to={(end - span.from) / Math.max(1, span.to - span.from)}
            state={row.state}
            progress={row.state === 'running' ? row.progress : undefined}
          />
        )}
      </td>
    </>
  );
}

const progressText = ({ progress, gpu }: RunInstance): string =>
  (progress === undefined ? 'running' : `${progress.unit} ${progress.done} of ${progress.total}`) +
  (gpu === undefined ? '' : `, ${gpuUsageText(gpu)}`);

function Bar(props: {
  readonly from: number;
  readonly to: number;
  readonly state: string;
  readonly progress: RunInstance['progress'];
}) {
  const left = Math.max(0, Math.min(1, props.from)) * 100;
  const width = Math.max(0.4, (Math.min(1, props.to) - Math.max(0, props.from)) * 100);
  const share = props.progress === undefined ? 1 : props.progress.done / Math.max(1, props.progress.total);
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect x={left} y="1" width={width} height="8" class={`bar-${props.state} faint`} />
      <rect x={left} y="1" width={width * share} height="8" class={`bar-${props.state}`} />
    </svg>
  );
}
