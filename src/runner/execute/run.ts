import { randomBytes } from 'node:crypto';
import type { Event, Outcome } from '../event.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import type { Policy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import type { Selected } from '../plan/select.ts';
import type { RunRequest, RunSummary, StopSignals } from '../run-request.ts';
import { lastKeys, recordResult } from '../store/entries.ts';
import { eventLog } from '../store/event-log.ts';
import { finishRun, insertRun, lastOutcomes, type OutcomeCounts, recordOutcome } from '../store/runs.ts';
import { placeOf } from '../workspace/workspace.ts';
import { recordWritten } from '../workspace/written.ts';
import type { Session } from './assess.ts';
import { type Run, warn } from './execute-instance.ts';
import { startOf } from './processes.ts';
import { allotment, machineCapacity } from './resources.ts';
import { standAsTheyAre } from './standing.ts';
import { stopFor } from './stop.ts';
import { supervisor } from './supervisor-client.ts';
import { isInPlace, survey } from './survey.ts';

export interface RunOptions {
  readonly request: RunRequest;
  /** In the order of the plan. */
  readonly selected: Selected;
  /** Those that were named, which `--force` is about. */
  readonly policyOf: (instance: Instance) => Policy;
  readonly supervisorProgram: string;
  readonly retryDelay: (attempt: number) => number;
}

/** Runs what is out of date. The caller holds the lock. */
export async function runSelected(session: Session, { request, selected, policyOf, supervisorProgram, retryDelay }: RunOptions, onEvent: (event: Event) => void, signals: StopSignals): Promise<RunSummary> {
  const startedAt = Date.now();
  const started = performance.now();
  const { store, workspace, plan } = session;
  const id = newRunId(startedAt);
  insertRun(store, { run: id, pipeline: plan.pipeline, file: plan.file, pid: process.pid, pidStarted: startOf(process.pid) ?? '', startedAt });
  const log = eventLog(store, id);
  const emit = (event: Event): void => {
    log.add(event);
    onEvent(event);
  };
  const capacity = machineCapacity(request.jobs);
  emit({ kind: 'run-started', at: startedAt, run: id, pipeline: plan.pipeline, instances: selected.chosen.map((instance) => instance.id), jobs: capacity.jobs });
  const stop = stopFor(signals, (hard) => emit({ kind: 'interrupting', at: Date.now(), hard }));
  const processes = supervisor(supervisorProgram);
  let outputs = 0;
  const run: Run = {
    session,
    supervisor: processes,
    run: id,
    stop,
    emit,
    nextOutput() {
      const folder = `cache/logs/${id}`;
      workspace.disk.makeFolder(placeOf(workspace, folder));
      outputs += 1;
      return `${folder}/${outputs}.txt`;
    },
    retryDelay,
  };

  const outcomes = new Map<InstanceId, Outcome>();
  const bookkeeping = bookkeeper(session, id);
  const onOutcome = (instance: Instance, key: Key | null, outcome: Outcome): void => {
    outcomes.set(instance.id, outcome);
    bookkeeping(instance, outcome);
    emit({ kind: 'finished', at: Date.now(), instance: instance.id, key, outcome });
  };
  try {
    const standing = await standAsTheyAre(run, selected);
    for (const warning of standing.warnings) warn(run, null, warning);
    const ready = selected.chosen.filter((instance) => !standing.blocked.has(instance.id));
    for (const instance of selected.chosen) {
      const message = standing.blocked.get(instance.id);
      if (message !== undefined) onOutcome(instance, null, { kind: 'failed', failure: { kind: 'disk', message }, seconds: 0, tail: [] });
    }
    const surveyed = await survey(session, ready, policyOf, new Set(selected.standing.map((instance) => instance.id)));
    const rest: Instance[] = [];
    const keys = lastKeys(store, plan.pipeline);
    for (const instance of ready) {
      const seen = surveyed.get(instance.id);
      if (seen?.kind !== 'assessed' || !isInPlace(seen)) {
        rest.push(instance);
        continue;
      }
      const { key, manifest } = seen.assessment;
      if (keys.get(instance.id) !== key) recordResult(store, plan.pipeline, instance.id, { key, manifest, run: id, at: Date.now() });
      onOutcome(instance, key, { kind: 'cached' });
    }
    if (rest.length > 0) {
      const { runInstances } = await import('./run-instances.ts');
      await runInstances(run, rest, { policyOf, keepGoing: request.keepGoing, allotment: allotment(capacity) }, onOutcome);
      await recordWritten(workspace);
    }
  } finally {
    processes.close();
    stop.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const exitCode = exitCodeOf([...outcomes.values()], signals);
  emit({ kind: 'run-finished', at: Date.now(), run: id, exitCode, seconds });
  log.flush();
  finishRun(store, id, Date.now(), exitCode, countsOf([...outcomes.values()]));
  return { run: id, seconds, exitCode, outcomes };
}

/** Sortable by time, and unlikely to be another's. */
function newRunId(at: number): RunId {
  const id = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;
  if (!isRunId(id)) throw new Error(`not a run: ${id}`);
  return id;
}

const isRunId = (text: string): text is RunId => /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(text);

/** Notes how instances ended, where that is news: a run with nothing to do writes nothing about them. */
function bookkeeper({ store, plan }: Session, run: RunId): (instance: Instance, outcome: Outcome) => void {
  const last = lastOutcomes(store, plan.pipeline);
  const good = new Set<string>(['ran', 'cached', 'restored']);
  return (instance, outcome) => {
    const before = last.get(instance.id)?.kind;
    if (before !== outcome.kind && !(before !== undefined && good.has(before) && outcome.kind === 'cached')) recordOutcome(store, plan.pipeline, instance.id, run, outcome.kind);
  };
}

function exitCodeOf(outcomes: readonly Outcome[], { gentle, hard }: StopSignals): RunSummary['exitCode'] {
  if (gentle.aborted || hard.aborted) return gentle.reason === 'SIGTERM' ? 143 : 130;
  return outcomes.some(({ kind }) => kind === 'failed' || kind === 'blocked') ? 1 : 0;
}

function countsOf(outcomes: readonly Outcome[]): OutcomeCounts {
  const count = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  return { ran: count('ran'), cached: count('cached'), restored: count('restored'), failed: count('failed'), blocked: count('blocked'), skipped: count('skipped'), interrupted: count('interrupted') };
}
