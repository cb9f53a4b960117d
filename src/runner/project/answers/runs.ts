import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { InstanceLog, RunHistory, RunRecord, RunState, Truncation } from '../../answers/runs.ts';
import type { NumberedEvent } from '../../event.ts';
import { isSameProcess } from '../../executors/process-identity.ts';
import { invalid } from '../planning/invalid.ts';
import { oneInstance, selectFrom } from '../planning/select-from.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import { runHistory } from '../results/run-history.ts';
import { outputsOf } from '../../store/attempts.ts';
import { eventsSince } from '../../store/event-log.ts';
import type { Store } from '../../store/database/open-store.ts';
import {
  eventsOf,
  findRun,
  lastRuns,
  lastReportedRun,
  lastTruncations,
  outcomeCounts,
  type RunRow,
} from '../../store/runs.ts';

/** The newest runs first; `before`: those that are older than this one. */
export const history = ({ store }: Opened, limit: number, before?: string): readonly RunRecord[] =>
  lastRuns(store, limit, before).map((row) => recordOf(store, row));

function recordOf(store: Store, row: RunRow): RunRecord {
  const { run, pipeline, file, startedAt, finishedAt, exitCode, startedFrom } = row;
  const counts = outcomeCounts(store, run);
  return { run, pipeline, file, startedAt, finishedAt, exitCode, state: runState(row), counts, startedFrom };
}

function runState(row: RunRow): RunState {
  if (row.exitCode === undefined) return isInProgress(row) ? 'running' : 'killed';
  if (row.exitCode === 0) return 'done';
  return row.exitCode >= 130 ? 'interrupted' : 'failed';
}

/** Whether a run that has not ended is in progress; else it was killed. */
export const isInProgress = ({ finishedAt, pid, pidStarted }: RunRow): boolean =>
  finishedAt === undefined && isSameProcess({ pid, started: pidStarted });

/** A run, from its events; undefined if there is no such run. */
export async function wholeRun(
  opened: Opened,
  run: string,
  planned: Planned | undefined,
): Promise<RunHistory | undefined> {
  const row = findRun(opened.store, run);
  if (row === undefined) return undefined;
  const events = eventsSince(opened.store, run, 0).map(({ event }) => event);
  return runHistory(opened, recordOf(opened.store, row), events, planned?.plan);
}

/** The stored events of a run; undefined if there is no such run. */
export const runEvents = (
  { store }: Opened,
  run: string,
  sequence: number,
): readonly NumberedEvent[] | undefined =>
  findRun(store, run) === undefined ? undefined : eventsSince(store, run, sequence);

/** How many inputs the instances truncated to a token limit, as last reported. */
export const truncations = ({ store }: Opened, { plan }: Planned): readonly Truncation[] =>
  lastTruncations(store, plan.pipeline);

/** What an instance, as typed, did in a run, or in the last one that it was part of. */
export function log(
  { store }: Opened,
  planned: Planned,
  instance: string,
  run: string | undefined,
): Result<InstanceLog | undefined, Problem> {
  const selected = selectFrom(planned, { patterns: [instance], mode: 'only' });
  if (!selected.ok) return selected;
  const [first, ...more] = selected.value.chosen;
  if (first === undefined || more.length > 0)
    return invalid([oneInstance(instance, selected.value.chosen)], planned.sources);
  const { pipeline } = planned.plan;
  const shownRun = run ?? lastReportedRun(store, pipeline, first.id);
  const events = shownRun === undefined ? [] : eventsOf(store, shownRun, first.id);
  if (shownRun === undefined || events.length === 0) return { ok: true, value: undefined };
  return {
    ok: true,
    value: {
      run: shownRun,
      instance: first.id,
      events,
      files: outputsOf(store, pipeline, first.id, shownRun),
    },
  };
}
