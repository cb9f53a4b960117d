import { fixedPart } from '../pipeline-file/glob.ts';
import { run } from '../project/acts/run.ts';
import { chooseToRun } from '../project/planning/chosen.ts';
import type { Problem } from '../answers/problem.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { orDiskProblem } from '../project/disk-problem.ts';
import type { Event } from '../event.ts';
import type { Session } from '../status/session.ts';
import type { RunControls, RunningStage } from '../schedule/run-controls.ts';
import { isHit, isInPlace, assessAll } from '../status/assess-all.ts';
import { FileWarnings } from './file-warnings.ts';
import { withKnownHubFolders } from '../project/planning/hub-dependencies.ts';
import type { InstanceId, Key } from '../identity.ts';
import { declaredPolicy } from '../manifest/decide.ts';
import { UnhashedSettings } from './unhashed-settings.ts';
import type { Opened } from '../project/open-rows.ts';
import type { Planned } from '../project/planning/plan-here.ts';
import type { Selected } from '../plan/select.ts';
import type { Result } from '../../result.ts';
import type { FinishedRun, RunRequest, StopSignals } from '../run-request.ts';
import { notStoppedWarning, ownInputWarning, SelfEdits } from './self-edits.ts';
import { type StaleStage, staleStages } from './stale-stages.ts';
import { AttemptLedger } from './attempt-ledger.ts';
import { type FileHints, fileHints } from './file-hints.ts';
import { placeOf, readUntil } from '../workspace/workspace.ts';

/** What a watch reports besides the events of its runs. */
export type WatchUpdate =
  | { readonly kind: 'ended'; readonly summary: FinishedRun }
  /** Faults to be fixed, or locks to wait for, before the next run. */
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** There is nothing to do until something changes. */
  | { readonly kind: 'waiting' };

export interface WatchListeners {
  onEvent(event: Event): void;
  onUpdate(update: WatchUpdate): void;
}

type Ending = Pick<Extract<Event, { readonly kind: 'finished' }>, 'instance' | 'key' | 'outcome' | 'at'>;

/**
 * A project that is watched for as long as it takes: its rows are opened again where the cache was deleted.
 */
interface Watched {
  readonly root: string;
  open(): Promise<Result<Opened, Problem>>;
  plan(): Promise<Result<Planned, Problem>>;
}

/**
 * Runs what is out of date, and again whenever something is, until it is stopped. A hint of the file system
 * only triggers a check: content decides what is out of date, so a run's own writes start nothing. A stage
 * whose inputs have changed is stopped; the others continue.
 */
export async function watchRun(
  watched: Watched,
  request: RunRequest,
  listeners: WatchListeners,
  stop: StopSignals,
): Promise<void> {
  const watch = new Watch(watched, request, listeners);
  try {
    let began = await watch.runOnce(request.force, stop);
    let force = request.force && !began;
    while (!stop.graceful.aborted) {
      // The obstacle to a run may be gone at the next hint, but no sooner.
      if (!began) await watch.wait(stop.graceful);
      while (!stop.graceful.aborted && !(await watch.isAnyDue(stop.graceful)))
        await watch.wait(stop.graceful);
      if (stop.graceful.aborted) break;
      began = await watch.runOnce(force, stop);
      force &&= !began;
    }
  } finally {
    await watch.close();
  }
}

interface OpenSession {
  readonly opened: Opened;
  readonly session: Session;
  readonly selected: Selected;
}

class Watch {
  readonly #watched: Watched;
  readonly #hints: FileHints;
  readonly #request: RunRequest;
  readonly #listeners: WatchListeners;
  readonly #attempts = new AttemptLedger();
  readonly #selfEdits = new SelfEdits();
  readonly #unhashed = new UnhashedSettings();
  readonly #fileWarnings = new FileWarnings();
  /** Stages that may finish although their own deps changed. */
  readonly #notStopped = new WeakSet<RunningStage>();
  /** What the run in progress has finished, and under which key. */
  readonly #current = new Map<InstanceId, Key>();
  #reported = '';
  #reportedWaiting = false;

  constructor(watched: Watched, request: RunRequest, listeners: WatchListeners) {
    this.#watched = watched;
    this.#hints = fileHints(watched.root, (message) => this.#warn(notWatched(message)));
    // A failed stage is not retried until a dependency changes; other stages continue.
    this.#request = { ...request, keepGoing: true };
    this.#listeners = listeners;
  }

  /** Returns whether it could begin. */
  async runOnce(force: boolean, stop: StopSignals): Promise<boolean> {
    const opened = await this.#watched.open();
    if (!opened.ok) return this.#report(opened.error);
    let result = await this.#run(opened.value, { ...this.#request, force, waitSeconds: 0 }, stop);
    if (!result.ok && result.error.kind === 'busy') {
      this.#report(result.error);
      result = await this.#run(opened.value, { ...this.#request, force, waitSeconds: Infinity }, stop);
    }
    if (!result.ok) return stop.graceful.aborted ? false : this.#report(result.error);
    this.#reported = '';
    this.#emit({ kind: 'ended', summary: result.value });
    return true;
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#reportedWaiting) this.#emit({ kind: 'waiting' });
    this.#reportedWaiting = true;
    await this.#hints.next(signal);
  }

  close(): Promise<void> {
    return this.#hints.close();
  }

  /**
   * Whether there is something to run or to restore that was not tried in its current state, or a reported
   * fault is fixed.
   */
  async isAnyDue(stop: AbortSignal): Promise<boolean> {
    const seen = await orDiskProblem(async () => {
      const found = await this.#openSession(() => this.#watched.open(), stop);
      return found.ok ? { ok: true, value: await this.#outOfPlace(found.value) } : found;
    });
    if (stop.aborted) return false;
    if (!seen.ok) return this.#report(seen.error);
    if (this.#reported !== '') return true;
    this.#attempts.fillIn(seen.value);
    return this.#attempts.isAnyDue(seen.value, Date.now());
  }

  /** What would have to run or to be restored, under the key that it has now. */
  async #outOfPlace({
    opened,
    session,
    selected: { chosen, takenAsIs },
  }: OpenSession): Promise<ReadonlyMap<InstanceId, Key>> {
    const usedAsIs = new Set([...takenAsIs.map(({ id }) => id), ...this.#attempts.withOuts()]);
    const assessments = await assessAll(session, chosen, declaredPolicy, usedAsIs);
    opened.stats.flush();
    // A stage that changes its own inputs would change them again.
    const changed = new Set([...this.#selfEdits.found()].flatMap((id) => session.plan.needs.get(id) ?? []));
    return new Map(
      [...assessments].flatMap(([id, seen]) =>
        seen.kind === 'assessed' && !isInPlace(seen) && !(isHit(seen) && changed.has(id))
          ? [[id, seen.assessment.key] as const]
          : [],
      ),
    );
  }

  /** A run; after each hint until its end, instances that became stale are stopped. */
  async #run(opened: Opened, request: RunRequest, stop: StopSignals): Promise<Result<FinishedRun, Problem>> {
    const ended = new AbortController();
    let watching: Promise<void> | undefined;
    this.#current.clear();
    try {
      let current: RunControls | undefined;
      // A run that plans again is reported once more.
      const onControls = (controls: RunControls): void => {
        current = controls;
        watching ??= this.#endStaleUntil(ended.signal, opened, () => current ?? controls);
      };
      return await run(
        opened,
        { plan: () => this.#plan(), watcher: { failures: this.#attempts.failures, onControls } },
        request,
        (event) => this.#take(event),
        stop,
      );
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #endStaleUntil(ended: AbortSignal, opened: Opened, controls: () => RunControls): Promise<void> {
    while (!ended.aborted) {
      await this.#hints.next(ended);
      if (!ended.aborted) await this.#endStale(opened, controls(), ended);
    }
  }

  /** Shows new warnings. An instance with a new timeout or other unhashed settings is tried again. */
  async #plan(): Promise<Result<Planned, Problem>> {
    const planned = await this.#watched.plan();
    if (!planned.ok) return planned;
    for (const warning of this.#fileWarnings.renew(planned.value.warnings)) this.#warn(warning);
    for (const id of this.#unhashed.renew(planned.value.plan)) this.#attempts.forget(id);
    return planned;
  }

  #warn(diagnostic: Diagnostic): void {
    this.#listeners.onEvent({ kind: 'warned', at: Date.now(), instance: null, diagnostic });
  }

  #take(event: Event): void {
    if (event.kind === 'warned' && this.#fileWarnings.has(event.diagnostic)) return;
    this.#listeners.onEvent(event);
    if (event.kind === 'finished') this.#note(event);
    if (event.kind === 'found-in-place')
      for (const [index, instance] of event.instances.entries())
        this.#note({
          instance,
          key: event.keys[index] ?? null,
          outcome: { kind: 'up-to-date' },
          at: event.at,
        });
  }

  #note({ instance, key, outcome, at }: Ending): void {
    this.#selfEdits.noteEnded(instance, outcome);
    const changesItself = this.#selfEdits.found().has(instance);
    this.#attempts.note(instance, key, outcome, changesItself, at);
    if (
      key !== null &&
      (outcome.kind === 'ran' || outcome.kind === 'up-to-date' || outcome.kind === 'restored')
    )
      this.#current.set(instance, key);
    if (changesItself && outcome.kind === 'ran')
      this.#warn(ownInputWarning(instance, outcome.edited ?? 'a file'));
  }

  #emit(update: WatchUpdate): void {
    this.#reportedWaiting = false;
    this.#listeners.onUpdate(update);
  }

  /** Shows a problem, the same one once. Gives false: nothing can run. */
  #report(problem: Problem): false {
    const text = JSON.stringify(problem);
    if (text !== this.#reported) this.#emit({ kind: 'problem', problem });
    this.#reported = text;
    return false;
  }

  /** `until`: aborts when it is no longer needed. */
  async #openSession(
    open: () => Promise<Result<Opened, Problem>>,
    until: AbortSignal,
  ): Promise<Result<OpenSession, Problem>> {
    const opened = await open();
    if (!opened.ok) return opened;
    const planned = await this.#plan();
    if (!planned.ok) return planned;
    const current = await withKnownHubFolders(opened.value, planned.value);
    if (!current.ok) return current;
    const chosen = await chooseToRun(opened.value, current.value, this.#request);
    if (!chosen.ok) return chosen;
    const { session, selected } = chosen.value;
    this.#hints.watchAlso(placesOf(session), outsOf(session));
    return {
      ok: true,
      value: {
        opened: opened.value,
        session: { ...session, workspace: readUntil(session.workspace, until) },
        selected,
      },
    };
  }

  /**
   * Stops the stages whose results are no longer needed. A stage whose own deps were edited runs again at
   * once, within the run; if the plan, a program, or an earlier result is out of date, nothing more is
   * started.
   */
  async #endStale(opened: Opened, controls: RunControls, ended: AbortSignal): Promise<void> {
    const stale = await orDiskProblem(async () => {
      const found = await this.#openSession(async () => ({ ok: true, value: opened }), ended);
      return found.ok
        ? staleStages(found.value.session, found.value.selected, controls, this.#current)
        : found;
    });
    if (ended.aborted) return;
    if (!stale.ok) {
      this.#report(stale.error);
      return;
    }
    this.#reported = '';
    if (stale.value.isPlanStale) controls.startNoMore();
    for (const stage of stale.value.stages) this.#end(stage);
  }

  #end({ stage, because, isOwnEdit }: StaleStage): void {
    const { id } = stage.instance;
    if (!isOwnEdit || !this.#selfEdits.isSuspected(id)) {
      if (stage.cancel(because) && isOwnEdit) this.#selfEdits.noteStopped(id);
    } else if (!this.#notStopped.has(stage)) {
      this.#notStopped.add(stage);
      this.#warn(notStoppedWarning(id, because));
    }
  }
}

const notWatched = (message: string): Diagnostic => ({
  severity: 'warning',
  code: 'not-watched',
  message: `file watching is incomplete here (${message}); changes are also found by polling every minute`,
  help: 'on Linux, raise the limit fs.inotify.max_user_watches with sysctl',
});

/** Files to watch even outside the project: deps, and the files of packages. */
function placesOf({ workspace, plan, programs }: Session): readonly string[] {
  const deps = plan.instances.flatMap((instance) =>
    Object.values(instance.deps).flatMap((dep) => {
      if (dep.kind === 'glob') return [fixedPart(dep.pattern) || (dep.external ? '/' : '.')];
      return dep.kind === 'path' ? [dep.path] : [];
    }),
  );
  const sources = [...programs.values()].flatMap((program) => program.sources);
  return [...new Set([...deps, ...sources])].map((path) => placeOf(workspace, path));
}

const outsOf = ({ workspace, plan }: Session): readonly string[] =>
  plan.instances.flatMap(({ outs }) => Object.values(outs).map(({ path }) => placeOf(workspace, path)));
