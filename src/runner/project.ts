import type { Result } from '../result.ts';
import { collect } from './project/acts/collect.ts';
import { dryRun } from './project/acts/dry-run.ts';
import { repair } from './project/acts/repair.ts';
import { run } from './project/acts/run.ts';
import { verifyRerun } from './project/acts/verify-rerun.ts';
import { explain, explanations } from './project/answers/explain.ts';
import { graph } from './project/answers/graph.ts';
import {
  artifacts,
  metrics,
  metricsOfRun,
  modelPlaceOf,
  models,
  results,
  tracking,
} from './project/answers/results.ts';
import { history, log, runEvents, truncations, wholeRun } from './project/answers/runs.ts';
import { status } from './project/answers/status.ts';
import { verify } from './project/answers/verify.ts';
import { checkResults, metricsAtCommit, resultsAtCommit, writeResults } from './project/results-over-time.ts';
import { builtFile } from './project/built-file.ts';
import { orDiskProblem } from './project/disk-problem.ts';
import { type IdleRequest, idleRequestIn, runIdle } from './project/idle-run.ts';
import { hasCache, type Host, type Opened } from './project/open-rows.ts';
import { projectAccess, type ProjectOptions, type TextOf } from './project/project-access.ts';
import { thisMachine } from './project/machine/this-machine.ts';
import type { Collected, GcRequest } from './answers/garbage.ts';
import type { Artifact, Explanation, Graph, InstanceStatus, Status } from './answers/instances.ts';
import type { MemoryPlan } from './answers/memory-plan.ts';
import type { HubAccess, ModelPlace, ModelResults, TracedResult, Tracking } from './answers/models.ts';
import type { Problem } from './answers/problem.ts';
import type { MetricsAtCommit, ResultsAt, ResultsCheck, WrittenResults } from './answers/results-file.ts';
import type { InstanceMetrics, MetricValue, ResultFiles } from './answers/results.ts';
import type {
  CancelledJobs,
  InstanceHistory,
  InstanceLog,
  RunHistory,
  RunRecord,
  RunResults,
  Truncation,
} from './answers/runs.ts';
import type { Pushed, RemoteCheck } from './answers/shared-cache.ts';
import type { RerunVerification, Verification } from './answers/verification.ts';
import type { Range } from './diagnostic.ts';
import type { Event, NumberedEvent, Outcome } from './event.ts';
import type { InstanceId } from './identity.ts';
import type { Forecast } from './plan/forecast.ts';
import type { Selection } from './plan/select.ts';
import {
  type FinalOut,
  type FinishedRun,
  type RunRequest,
  type RunSummary,
  type SmokeReport,
  stoppedCode,
  type StopSignals,
} from './run-request.ts';
import type { PushRequest } from './project/shared-cache/push.ts';
import type { WatchListeners, WatchUpdate } from './watch/watch-run.ts';

export type {
  Artifact,
  Event,
  InstanceId,
  NumberedEvent,
  Outcome,
  Collected,
  Explanation,
  FinalOut,
  FinishedRun,
  Forecast,
  GcRequest,
  Graph,
  InstanceHistory,
  InstanceLog,
  InstanceMetrics,
  InstanceStatus,
  MemoryPlan,
  HubAccess,
  ModelPlace,
  ModelResults,
  MetricValue,
  Problem,
  ProjectOptions,
  RerunVerification,
  ResultFiles,
  ResultsCheck,
  RunHistory,
  RunRecord,
  RunResults,
  RunRequest,
  RunSummary,
  Selection,
  SmokeReport,
  Status,
  StopSignals,
  TextOf,
  TracedResult,
  Tracking,
  Truncation,
  Verification,
  WatchListeners,
  WatchUpdate,
  WrittenResults,
};

/** A project as the command line sees it. Each call reads the pipeline file anew. */
export interface Project {
  readonly root: string;
  /** The state after the pipeline files were last read. */
  readonly textOf: TextOf;
  /** Where an instance of the pipeline file is written, as that was last read. */
  readonly writtenAt: (instance: InstanceId) => Range | undefined;
  /** Runs what is out of date. `onEvent` is called for each event, in order, as it happens. */
  run(
    request: RunRequest,
    onEvent: (event: Event) => void,
    stop: StopSignals,
  ): Promise<Result<FinishedRun, Problem>>;
  /** Runs, and again whenever something is out of date, until it is stopped. Returns the exit code. */
  watch(
    request: RunRequest,
    listeners: WatchListeners,
    stop: StopSignals,
  ): Promise<Result<130 | 143, Problem>>;
  dryRun(request: RunRequest): Promise<Result<Forecast, Problem>>;
  /** `remote`: results in the shared cache count as restorable. */
  status(selection: Selection, remote?: boolean): Promise<Result<Status, Problem>>;
  /** `instance`: as typed. */
  explain(instance: string): Promise<Result<Explanation, Problem>>;
  /** The same of all instances that a selection names, at once. */
  explanations(selection: Selection): Promise<Result<readonly Explanation[], Problem>>;
  graph(selection: Selection): Promise<Result<Graph, Problem>>;
  /** The memory of instances, where their programs estimate it. */
  estimate(selection: Selection): Promise<Result<readonly MemoryPlan[], Problem>>;
  /** The history of one instance, as typed. Undefined: it was never part of a run (of that run). */
  log(instance: string, run?: string): Promise<Result<InstanceLog | undefined, Problem>>;
  /** The newest first. `before`: those that are older than this run. */
  history(limit: number, before?: string): Promise<Result<readonly RunRecord[], Problem>>;
  /** The results of runs, as `history` returned them. */
  runResults(runs: readonly RunRecord[]): Promise<Result<readonly RunResults[], Problem>>;
  /** The stored events of a run from a sequence number on, 0 for all. Undefined: there is no such run. */
  eventsSince(run: string, sequence: number): Promise<Result<readonly NumberedEvent[] | undefined, Problem>>;
  /** Undefined: there is no such run. */
  runHistory(run: string): Promise<Result<RunHistory | undefined, Problem>>;
  metrics(selection: Selection): Promise<Result<readonly InstanceMetrics[], Problem>>;
  /** The metrics of a run. Undefined: there is no such run. */
  metricsOfRun(
    run: string,
    selection: Selection,
  ): Promise<Result<readonly InstanceMetrics[] | undefined, Problem>>;
  /**
   * From the results file of a commit, or else from the last successful run of it without changed files. The
   * inner error names the missing item.
   */
  metricsAtCommit(revision: string, selection: Selection): Promise<Result<Result<MetricsAtCommit>, Problem>>;
  /** Where the files of those results can be read. */
  resultsAtCommit(revision: string, selection: Selection): Promise<Result<Result<ResultsAt>, Problem>>;
  /** Writes the results file, for a commit. */
  writeResults(): Promise<Result<WrittenResults, Problem>>;
  /** Compares the results file with the project's current results. */
  checkResults(): Promise<Result<ResultsCheck, Problem>>;
  /**
   * The models of the instances, each with the results that depend on it alone: the current ones, or those of
   * a run. Undefined: there is no such run.
   */
  models(run?: string): Promise<Result<readonly ModelResults[] | undefined, Problem>>;
  /** The place of an instance's model, by the name that the user typed, and the settings it is used with. */
  model(instance: string): Promise<Result<ModelPlace, Problem>>;
  hubAccess(): Promise<HubAccess>;
  /** Where runs are shown while they run. */
  tracking(): Promise<Result<Tracking, Problem>>;
  /** Where the files of results can be read; instances without a result are left out. */
  results(selection: Selection): Promise<Result<readonly ResultFiles[], Problem>>;
  /** How many inputs the instances truncated to a token limit, as last reported. */
  truncations(): Promise<Result<readonly Truncation[], Problem>>;
  /** The outs that instances declare, and which of them exist. */
  artifacts(selection: Selection): Promise<Result<readonly Artifact[], Problem>>;
  verify(): Promise<Result<Verification, Problem>>;
  /** Drops damaged rows of the store; gives how many. */
  repair(): Promise<Result<number, Problem>>;
  verifyRerun(
    instance: string,
    onEvent: (event: Event) => void,
    stop: StopSignals,
  ): Promise<Result<RerunVerification, Problem>>;
  /** Cancels the jobs that instances have in queues; without patterns, those of all. */
  cancel(patterns: readonly string[]): Promise<Result<CancelledJobs, Problem>>;
  /** Uploads results to the shared cache; `onList` is called before, with what will be sent. */
  push(
    request: PushRequest,
    onList: (listed: Pushed) => void,
    stopped: AbortSignal,
  ): Promise<Result<Pushed, Problem>>;
  remoteCheck(): Promise<Result<RemoteCheck, Problem>>;
  gc(request: GcRequest): Promise<Result<Collected, Problem>>;
  close(): void;
}

/** Opens the project of a folder. Each call reports its faults anew, since a file may be fixed meanwhile. */
export async function openProject(options: ProjectOptions, host: Host = thisMachine()): Promise<Project> {
  const { set = [], smoke = false } = options;
  const access = projectAccess(options, host);
  const { root, textOf, warn, planned, withRows, withPlan } = access;
  const idleRequestOf = (open: Opened, request: RunRequest): IdleRequest | undefined =>
    smoke ? undefined : idleRequestIn(builtFile(import.meta.url), open, set, request);
  async function idleRun(
    request: RunRequest,
    onEvent: (event: Event) => void,
    stop: StopSignals,
  ): Promise<FinishedRun | undefined> {
    const place = access.place();
    const open = place.ok && hasCache(place.value) ? await access.opened(place.value, 'write') : undefined;
    if (open?.ok !== true) return undefined;
    const idle = idleRequestOf(open.value, request);
    return idle && runIdle(open.value, idle, onEvent, stop);
  }

  return {
    root,
    textOf,
    writtenAt: (id) => access.instances().find((instance) => instance.id === id)?.at,
    run: (request, onEvent, stop) =>
      orDiskProblem(async () => {
        const idle = await idleRun(request, onEvent, stop);
        if (idle !== undefined) return { ok: true, value: idle };
        return withPlan(
          'write',
          async (open, plan) => {
            const ran = await run(
              open,
              { plan: () => planned('write', request), idle: idleRequestOf(open, request) },
              request,
              onEvent,
              stop,
            );
            // A run reports them itself.
            if (!ran.ok)
              for (const diagnostic of plan.warnings)
                onEvent({ kind: 'warned', at: Date.now(), instance: null, diagnostic });
            return ran;
          },
          { checked: request, warn: () => undefined },
        );
      }),
    watch: (request, listeners, stop) =>
      withRows('write', async ({ place }) => {
        const { watchRun } = await import('./watch/watch-run.ts');
        await watchRun(
          { root: place.root, open: () => access.reopened(place), plan: () => planned('write', request) },
          request,
          listeners,
          stop,
        );
        return { ok: true, value: stoppedCode(stop) };
      }),
    dryRun: (request) => withPlan('read', (open, plan) => dryRun(open, plan, request), { checked: request }),
    status: (selection, remote = false) =>
      withPlan('read', (open, plan) => status(open, plan, selection, remote ? warn : undefined), {
        checked: selection,
      }),
    explain: (instance) => withPlan('read', (open, plan) => explain(open, plan, instance)),
    explanations: (selection) => withPlan('read', (open, plan) => explanations(open, plan, selection)),
    estimate: (selection) =>
      withPlan('read', async (open, plan) => {
        const { estimate } = await import('./project/estimate.ts');
        return estimate(open, plan, selection);
      }),
    graph: (selection) => withPlan('read', (_, plan) => graph(plan, selection)),
    log: (instance, id) => withPlan('read', (open, plan) => log(open, plan, instance, id)),
    history: (limit, before) =>
      withRows('read', (open) => ({ ok: true, value: history(open, limit, before) })),
    runResults: (records) =>
      withRows('read', async (open) => {
        const plan = await planned('read');
        const { runResults } = await import('./project/results/run-results.ts');
        const found = records.map((record) =>
          runResults(open, plan.ok ? plan.value.plan : undefined, record),
        );
        return { ok: true, value: await Promise.all(found) };
      }),
    eventsSince: (id, sequence) =>
      withRows('read', (open) => ({ ok: true, value: runEvents(open, id, sequence) })),
    runHistory: (id) =>
      withRows('read', async (open) => {
        const plan = await planned('read');
        return { ok: true, value: await wholeRun(open, id, plan.ok ? plan.value : undefined) };
      }),
    metrics: (selection) => withPlan('read', (open, plan) => metrics(open, plan, selection, warn)),
    metricsOfRun: (id, selection) =>
      withPlan('read', (open, plan) => metricsOfRun(open, plan, id, selection, warn)),
    metricsAtCommit: (revision, selection) =>
      withPlan('read', (open, plan) => metricsAtCommit(open, plan, revision, selection, warn)),
    resultsAtCommit: (revision, selection) =>
      withPlan('read', (open, plan) => resultsAtCommit(open, plan, revision, selection)),
    writeResults: () => withPlan('read', writeResults),
    checkResults: () => withPlan('read', checkResults),
    models: (id) => withPlan('read', (open, plan) => models(open, plan, id)),
    model: (instance) =>
      withPlan('read', (open, plan) => modelPlaceOf(open, plan, access.instances(), instance)),
    hubAccess: async () => {
      const { hubSettings } = await import('./hub/hub-settings.ts');
      const { proxiedFetch } = await import('../network/proxied-fetch.ts');
      const settings = hubSettings(host.environment, host.environment['HOME'] ?? '');
      return { ...settings, connect: (silence) => proxiedFetch(settings.proxy, silence) };
    },
    tracking: () => withPlan('read', tracking, { warn: () => undefined }),
    results: (selection) => withPlan('read', (open, plan) => results(open, plan, selection)),
    truncations: () => withPlan('read', (open, plan) => ({ ok: true, value: truncations(open, plan) })),
    artifacts: (selection) => withPlan('read', (open, plan) => artifacts(open.place.root, plan, selection)),
    repair: () => withRows('write', repair),
    verify: () => withRows('read', async (open) => ({ ok: true, value: await verify(open) })),
    verifyRerun: (instance, onEvent, stop) =>
      withPlan('write', (open, plan) => verifyRerun(open, plan, instance, onEvent, stop)),
    cancel: (patterns) =>
      withPlan('write', async (open, plan) => {
        const { cancelJobs } = await import('./project/queued/cancel-jobs.ts');
        return cancelJobs(open, plan, { patterns });
      }),
    push: (request, onList, stopped) =>
      withPlan('read', async (open, plan) => {
        const { push } = await import('./project/shared-cache/push.ts');
        return push(open, plan, request, onList, stopped);
      }),
    remoteCheck: () =>
      withPlan('read', async (open, plan) => {
        const { remoteCheck } = await import('./project/shared-cache/remote-check.ts');
        return remoteCheck(open, plan, new AbortController().signal);
      }),
    gc: (request) => collect(access, set, request),
    close: access.close,
  };
}
