import { PGraph } from 'p-graph';
import type { FailedOutcome, Outcome } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Policy } from '../manifest/decide.ts';
import type { Reason } from '../manifest/reason.ts';
import type { Instance } from '../plan/instance.ts';
import { needsToRun } from '../plan/with-needs.ts';
import { recordResult } from '../store/last-results.ts';
import { evict, restore } from '../cache/cache.ts';
import { readUntil } from '../workspace/workspace.ts';
import { assess, type Assessment } from '../status/assess.ts';
import { readCacheOf } from '../status/identity/read-cache.ts';
import type { AssessedInstance } from '../status/assess-all.ts';
import type { ExistingOuts } from '../run-request.ts';
import { adoptOuts } from './outs/adopt-outs.ts';
import { dropFailed } from './attempt/attempt-folder.ts';
import { diskMessage } from '../store/database/disk-message.ts';
import { executeInstance } from './attempt/execute-instance.ts';
import { failedBy } from './failed-by.ts';
import { type Run, warn } from './run.ts';
import { nameChanges } from '../status/name-changes.ts';
import {
  foreignFault,
  keptFilesWarning,
  linkFault,
  removeOlderOuts,
  workspaceOuts,
} from './outs/place-outs.ts';
import type { Gpu } from '../executors/executor.ts';
import type { Allotment } from './allotment/allotment.ts';
import { withResolvers } from './with-resolvers.ts';
import { type BringBack, bringingBack, type Ending } from './bring-back.ts';
import { shareFor } from './allotment/share-for.ts';
import { unassessableText } from '../status/unassessable-text.ts';

export interface RunRules {
  policyOf(instance: Instance): Policy;
  /** The user's choice for files at the paths of its outs that no run made; undefined: they are kept. */
  existingOutsOf(instance: Instance): ExistingOuts | undefined;
  readonly keepGoing: boolean;
  readonly allotmentOf: (instance: Instance) => Allotment;
  /** Starts nothing: instances without a cached result are skipped. */
  readonly restoreOnly: boolean;
  /** Of earlier runs, whose keys are not tried again. */
  readonly failures: ReadonlyMap<Key, FailedOutcome>;
  /** How instances ended before, in the same run. */
  readonly ended: ReadonlyMap<InstanceId, Outcome>;
  /** The assessments of the instances at the start of the run. */
  readonly assessments: ReadonlyMap<InstanceId, AssessedInstance>;
}

/**
 * Settles instances in the order of the graph, as many at once as the machine has capacity for. Inputs from
 * other instances are used as they are. Resolves when nothing runs any more; `onOutcome` is called for each
 * end.
 */
export async function runInstances(
  run: Run,
  instances: readonly Instance[],
  rules: RunRules,
  onOutcome: (instance: Instance, key: Key | null, outcome: Outcome) => void,
): Promise<void> {
  const { plan } = run.session;
  const ids = new Set(instances.map(({ id }) => id));
  // What failed or is blocked, by the failure that caused it.
  const failures = new Map<InstanceId, InstanceId>();
  // Instances left to a queue, and those that wait for them.
  const unfinished = new Set<InstanceId>();
  const turns = new Turns(rules.failures);
  const bringBack = bringingBack(run, {
    assessNow: (instance, policy) => assessNow(run, instance, policy),
    bringUpToDate: (instance, policy) => bringUpToDate(run, instance, policy, settling),
    onOutcome,
  });
  const settling: Settling = { rules, turns, bringBack };
  const skipped = new Set<InstanceId>();
  for (const [id, outcome] of rules.ended) note(id, outcome);
  const waitsForever = (instance: Instance): boolean =>
    rules.restoreOnly && needsToRun(plan, instance).some((need) => skipped.has(need));

  async function task(instance: Instance): Promise<void> {
    const needs = needsToRun(plan, instance);
    const by = needs.map((need) => failures.get(need)).find((failure) => failure !== undefined);
    const waits = run.detach && needs.some((need) => unfinished.has(need));
    const ending =
      by !== undefined
        ? { key: null, outcome: { kind: 'blocked', by } as const }
        : waits
          ? { key: null, outcome: { kind: 'waiting' } as const }
          : waitsForever(instance)
            ? { key: null, outcome: { kind: 'skipped' } as const }
            : await bringUpToDate(run, instance, rules.policyOf(instance), settling).catch((error: unknown) =>
                unassessed(diskMessage(error)),
              );
    const { key, outcome } = noted(run, rules, ending);
    note(instance.id, outcome);
    onOutcome(instance, key, outcome);
  }

  function note(id: InstanceId, outcome: Outcome): void {
    if (outcome.kind === 'skipped') skipped.add(id);
    if (outcome.kind === 'failed') failures.set(id, id);
    if (outcome.kind === 'submitted' || outcome.kind === 'waiting') unfinished.add(id);
    if (outcome.kind === 'blocked') failures.set(id, outcome.by);
  }

  // Of the ready instances, the first in the plan starts first. A task never rejects: failures, and whether
  // anything more is started, are tracked here, not by the scheduler.
  const nodes = new Map(
    instances.map((instance, index) => [
      instance.id,
      { run: () => task(instance), priority: 1 - index / instances.length },
    ]),
  );
  const edges = instances.flatMap((instance) =>
    needsToRun(plan, instance)
      .filter((need) => ids.has(need))
      .map((need): [string, string] => [need, instance.id]),
  );
  await new PGraph(nodes, edges).run();
}

/** One computation of a key at a time; a key that failed is not tried again in the same run. */
class Turns {
  readonly #last = new Map<Key, Promise<void>>();
  readonly failed: Map<Key, FailedOutcome>;

  constructor(failures: ReadonlyMap<Key, FailedOutcome>) {
    this.failed = new Map(failures);
  }

  /** Waits for earlier users of this key; returns the function that ends the turn. */
  async take(key: Key): Promise<() => void> {
    const before = this.#last.get(key);
    const { promise, resolve } = withResolvers<void>();
    this.#last.set(key, promise);
    await before;
    return resolve;
  }
}

interface Settling {
  readonly rules: RunRules;
  readonly turns: Turns;
  readonly bringBack: BringBack;
}

async function bringUpToDate(
  run: Run,
  instance: Instance,
  policy: Policy,
  { rules, turns, bringBack }: Settling,
): Promise<Ending> {
  const isOwnTurn = policy.wanted?.for === undefined;
  for (let [damaged, isBroughtBack] = [0, false]; ;) {
    if (run.stop.isStopping()) return { key: null, outcome: { kind: 'skipped' } };
    const first =
      (damaged === 0 && isOwnTurn ? knownRestorable(run, instance, rules) : undefined) ??
      (await assessNow(run, instance, policy));
    if ('outcome' in first) return rules.restoreOnly ? notCached(null) : first;
    const { key, decision } = first;
    if (rules.restoreOnly && decision.kind === 'run') return notCached(key);
    const [lacking] = decision.kind === 'run' ? first.inputs.dropped : [];
    if (lacking !== undefined) {
      const hindrance = isBroughtBack
        ? failedBy(`${lacking.path} was brought back and is missing again`)
        : await bringBack(instance, first.inputs.dropped);
      if (hindrance !== undefined) return noted(run, rules, { key, outcome: hindrance });
      isBroughtBack = true;
      continue;
    }
    const changes = run.changes.count;
    const endTurn = await turns.take(key);
    const willRun = decision.kind === 'run';
    const allotted = willRun ? rules.allotmentOf(instance) : undefined;
    const isHere = !run.session.executorOf(instance).leavesJobs;
    // A run that leaves jobs to a queue releases no share, and starts nothing here.
    const share = run.detach
      ? isHere
        ? undefined
        : allotted?.takeNow(instance)
      : allotted && (await shareFor(run, instance, allotted));
    if (willRun && share === undefined) {
      endTurn();
      return { key, outcome: { kind: 'waiting' } };
    }
    let isLeft = false;
    try {
      if (run.stop.isStopping()) return { key, outcome: { kind: 'skipped' } };
      // It may have waited for hours: only the current state counts.
      const isCurrent = decision.kind === 'restore' && run.changes.count === changes;
      const now = isCurrent ? first : await assessNow(run, instance, policy);
      if ('outcome' in now) return noted(run, rules, now);
      if (
        now.key !== key ||
        (now.decision.kind === 'run' && (share === undefined || now.inputs.dropped.length > 0))
      )
        continue;
      const ending = await restoreOrRun(run, instance, now, {
        gpus: share?.gpus ?? [],
        existing: rules.existingOutsOf(instance),
        turns,
      }).catch((error: unknown) => failedBy(diskMessage(error)));
      if (ending === undefined) {
        damaged += 1;
        if (damaged === 3)
          return noted(run, rules, {
            key,
            outcome: failedBy(
              'the cached result changes each time it is read: check the disk with `pipeline verify`',
            ),
          });
      } else if (ending.kind === 'submitted') {
        isLeft = true;
        return { key, outcome: ending };
      }
      // Its inputs changed while it ran and the run continues: run it with the current inputs.
      else if (ending.kind !== 'interrupted' || run.stop.isStopping())
        return noted(run, rules, { key, outcome: ending });
    } finally {
      if (!isLeft) share?.release();
      endTurn();
    }
  }
}

/**
 * A failure ends a run without --keep-going, before its share of the machine is released to waiting
 * instances.
 */
function noted(run: Run, { keepGoing }: RunRules, ending: Ending): Ending {
  if (ending.outcome.kind === 'failed' && !keepGoing) run.stop.startNoMore();
  return ending;
}

const notCached = (key: Key | null): Ending => ({ key, outcome: { kind: 'skipped' } });

/** Its inputs could not be read. */
const unassessed = (message: string): Ending => ({ key: null, outcome: failedBy(message) });

async function assessNow(run: Run, instance: Instance, policy: Policy): Promise<Assessment | Ending> {
  const { stopped } = run.stop;
  const session = { ...run.session, workspace: readUntil(run.session.workspace, stopped) };
  const assessed = await assess(session, instance, policy, readCacheOf(session.workspace));
  // The file may have been read half-written.
  if (stopped.aborted) return { key: null, outcome: { kind: 'skipped' } };
  return assessed.ok ? assessed.value : unassessed(unassessableText(assessed.error));
}

/**
 * The result to restore, as found at the start of the run, unless the run has changed anything since. Reading
 * a folder of thousands of files takes seconds, and restoring reads again what it replaces.
 */
function knownRestorable(run: Run, { id }: Instance, { assessments }: RunRules): Assessment | undefined {
  const seen = assessments.get(id);
  return run.changes.count === 0 && seen?.kind === 'assessed' && seen.assessment.decision.kind === 'restore'
    ? seen.assessment
    : undefined;
}

interface Turn {
  readonly gpus: readonly Gpu[];
  readonly existing: ExistingOuts | undefined;
  readonly turns: Turns;
}

/** Undefined: the result turned out to be damaged when it was to be restored; assess again. */
async function restoreOrRun(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  { gpus, existing, turns }: Turn,
): Promise<Outcome | undefined> {
  const { key, decision, lookup } = assessment;
  run.changes.count += 1;
  const overwrite = existing === 'overwrite';
  if (existing === 'adopt' && isAdoptable(assessment)) return adoptOuts(run, instance, assessment);
  if (decision.kind === 'restore') return restoreEntry(run, instance, assessment, overwrite);
  const failedBefore = turns.failed.get(key);
  if (failedBefore !== undefined) return { ...failedBefore, seconds: 0, tail: [], before: true };
  if (lookup.kind === 'damaged') await evict(run.session, key, lookup.object);
  const because = await nameChanges(run.session, instance, decision.because, assessment.inputs);
  if (run.stop.isStopping()) return { kind: 'skipped' };
  const outcome = await executeInstance(run, {
    instance,
    assessment,
    because,
    forced: isForced(decision.because),
    overwrite,
    gpus,
  });
  if (outcome.kind === 'failed') turns.failed.set(key, outcome);
  return outcome;
}

const isForced = (because: readonly Reason[]): boolean => because.some(({ kind }) => kind === 'forced');

/**
 * Existing files are adopted if there is no result, or if it is displaced and none of its outs is missing.
 */
const isAdoptable = ({ decision, displaced }: Assessment): boolean =>
  decision.kind === 'run' || (displaced.length > 0 && displaced.every(({ was }) => was !== 'missing'));

/** Restores the outs that differ from the entry, and records that all of them match. */
async function restoreEntry(
  run: Run,
  instance: Instance,
  { key, manifest, decision, displaced, dropped }: Assessment,
  overwrite: boolean,
): Promise<Outcome | undefined> {
  const { workspace, store, plan } = run.session;
  if (decision.kind !== 'restore') throw new Error('nothing to restore');
  const changed = workspaceOuts(instance).filter((path) => displaced.some((out) => out.path === path));
  const fault = overwrite ? linkFault(run.session, changed) : foreignFault(run.session, instance, changed);
  if (fault !== undefined) return failedBy(fault);
  const outs = Object.entries(instance.outs)
    .filter(([name]) => !dropped.includes(name))
    .map(([name, { path }]) => ({ name, path, inPlace: !displaced.some((out) => out.path === path) }));
  const { givenUp } = run.stop;
  const session = { ...run.session, workspace: readUntil(workspace, givenUp) };
  const restored = await restore(session, decision.entry, {
    pipeline: plan.pipeline,
    instance: instance.id,
    outs,
  });
  if (!restored.ok && givenUp.aborted) return { kind: 'skipped' };
  if (!restored.ok) return failedBy(`${restored.error.path}: ${restored.error.message}`);
  if (restored.value.kind === 'damaged') return undefined;
  const { files, bytes, keptIn, origin } = restored.value;
  for (const folder of keptIn) warn(run, instance.id, keptFilesWarning(folder));
  await removeOlderOuts(run.session, instance, dropped);
  await dropFailed(workspace, instance);
  recordResult(store, plan.pipeline, instance.id, { key, manifest, run: run.run, at: Date.now() });
  if (displaced.length === 0) return { kind: 'up-to-date' };
  return { kind: 'restored', files, bytes, displaced, ...(origin === undefined ? {} : { origin }) };
}
