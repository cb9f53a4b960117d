import type { Value } from '../../stage/context.ts';
import type { DisplacedOut } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import { differences } from '../manifest/differences.ts';
import { manifestValue } from '../manifest/key-of.ts';
import type { Reason } from '../manifest/reason.ts';
import { type Forecast, forecast } from '../plan/forecast.ts';
import type { Instance, ListedInstances } from '../plan/instance.ts';
import { awaitedInstances, staleLists } from '../plan/stale-lists.ts';
import { hasResult, lastResult } from '../store/last-results.ts';
import { readTogether } from '../store/database/open-store.ts';
import { declaredPolicy, type Entry, type Policy } from '../manifest/decide.ts';
import type { Ignored } from '../manifest/tree.ts';
import type { SinceResult } from '../answers/instances.ts';
import { outsRead } from '../plan/instance.ts';
import { canRestoreDropped } from '../cache/lookup-result.ts';
import { lastEntryOf } from '../cache/entry-facts.ts';
import type { Assessment } from './assess.ts';
import { identityOf } from './identity/identity-of.ts';
import { type ReadCache, readCacheOf } from './identity/read-cache.ts';
import type { Session } from './session.ts';
import { manifestOf } from './identity/manifest-of.ts';
import { nameChanges } from './name-changes.ts';
import { readProgram } from '../programs/read-program.ts';
import { isHit, assessAll, presentOuts, type AssessedInstance } from './assess-all.ts';
import { unassessableText } from './unassessable-text.ts';

/** The state of an instance, determined without running anything. */
export interface Inspection {
  readonly instance: Instance;
  readonly state: 'up-to-date' | 'restorable' | 'out-of-date' | 'waiting' | 'unknown';
  readonly because: readonly Reason[];
  /** The instances that have to run first. */
  readonly after: readonly InstanceId[];
  readonly key: Key | undefined;
  readonly manifest: Value | undefined;
  /** Of its result, where it has one; in place or not. */
  readonly outs: Entry['outs'] | undefined;
  /** Outs that would be restored. */
  readonly displaced: readonly DisplacedOut[];
  /** Temp outs, by name, whose bytes were dropped. */
  readonly dropped: readonly string[];
  readonly ignored: readonly Ignored[];
  /** No run computed its result: existing files were taken. */
  readonly adopted: boolean;
  /** A GPU made its result, and here it would compute on the CPU. */
  readonly madeOn?: 'cuda';
  /** Deps that are not on this machine: they count as they did in the last result. */
  readonly unchecked: readonly string[];
  /** Why nothing can be known, in words. */
  readonly fault: string | undefined;
}

/**
 * Inspects instances, which come with all that they need, in the order of the plan. `takenAsIs`: instances
 * whose present outs are used by others.
 */
export async function inspect(
  session: Session,
  instances: readonly Instance[],
  takenAsIs?: ReadonlySet<InstanceId>,
): Promise<readonly Inspection[]> {
  const assessments = await readTogether(session.store, () =>
    assessAll(session, instances, declaredPolicy, takenAsIs),
  );
  const reads = readCacheOf(session.workspace);
  return Promise.all(
    instances.map((instance) => inspection(session, instance, assessments.get(instance.id), reads)),
  );
}

async function inspection(
  session: Session,
  instance: Instance,
  assessed: AssessedInstance | undefined,
  reads: ReadCache,
): Promise<Inspection> {
  const nothing = {
    instance,
    because: [],
    after: [],
    key: undefined,
    manifest: undefined,
    outs: undefined,
    displaced: [],
    dropped: [],
    ignored: [],
    adopted: false,
    unchecked: [],
    fault: undefined,
  };
  switch (assessed?.kind) {
    case undefined:
      throw new Error(`${instance.id} was not inspected`);
    case 'waiting':
      return {
        ...nothing,
        state: 'waiting',
        because: await changedAlready(session, instance, reads),
        after: assessed.after,
      };
    case 'unassessable':
      return { ...nothing, state: 'unknown', fault: unassessableText(assessed.why, session.plan.typed) };
    case 'assessed': {
      const { key, manifest, decision, displaced, dropped, inputs, madeOn } = assessed.assessment;
      const because =
        decision.kind === 'run' ? await nameChanges(session, instance, decision.because, inputs) : [];
      return {
        ...nothing,
        state: decision.kind === 'run' ? 'out-of-date' : displaced.length === 0 ? 'up-to-date' : 'restorable',
        because,
        key,
        manifest: manifestValue(manifest),
        outs: presentOuts(assessed),
        displaced,
        dropped,
        ignored: inputs.ignored,
        unchecked: inputs.unchecked.map(({ path }) => path),
        adopted: decision.kind === 'restore' && decision.entry.adopted === true,
        ...(madeOn === undefined ? {} : { madeOn }),
      };
    }
  }
}

/** What has changed since the last result of an instance, which is used all the same. */
export async function sinceLastResult(session: Session, instance: Instance): Promise<SinceResult> {
  const reads = readCacheOf(session.workspace);
  const identity = await identityOf(session, instance, reads);
  const last = lastResult(session.store, session.plan.pipeline, instance.id);
  if (!identity.ok)
    return {
      changed: await changedAlready(session, instance, reads),
      fault: unassessableText(identity.error, session.plan.typed),
    };
  const { manifest, inputs } = identity.value;
  const changed = last === undefined ? [] : differences(last.manifest, manifest);
  const [unchecked] = inputs.unchecked;
  return {
    changed: await nameChanges(session, instance, changed, inputs),
    ...(unchecked === undefined ? {} : { fault: `${unchecked.path}: ${unchecked.message}` }),
  };
}

/** For an instance whose deps are unknown: other changes since its last result. */
async function changedAlready(
  session: Session,
  instance: Instance,
  reads: ReadCache,
): Promise<readonly Reason[]> {
  const last = lastResult(session.store, session.plan.pipeline, instance.id);
  if (last === undefined) return [];
  const program = await readProgram(instance, session, reads);
  return program.ok
    ? nameChanges(
        session,
        instance,
        differences(
          { ...last.manifest, deps: {} },
          manifestOf(instance, program.value, { digests: {} }, session),
        ),
        { listings: new Map() },
      )
    : [];
}

/** Dropped temp outs that only a run of their instance brings back, by instance. */
async function droppedForGood(
  session: Session,
  assessed: ReadonlyMap<InstanceId, Assessment>,
): Promise<ReadonlyMap<InstanceId, readonly string[]>> {
  const { plan, store } = session;
  const found = new Map<InstanceId, readonly string[]>();
  for (const { id, frozen, outs: declared } of plan.instances) {
    // What is frozen does not run for its temp outs.
    if (frozen !== undefined || !Object.values(declared).some(({ temp }) => temp)) continue;
    const seen = assessed.get(id);
    const entry =
      seen?.decision.kind === 'restore' ? seen.decision.entry : lastEntryOf({ store }, plan.pipeline, id);
    const outs = (seen ?? entry)?.dropped ?? [];
    if (entry !== undefined && outs.length > 0 && !(await canRestoreDropped(session, entry, outs)))
      found.set(id, outs);
  }
  return found;
}

/** Those of them that an instance reads. */
function droppedNeeds(
  { deps }: Instance,
  dropped: ReadonlyMap<InstanceId, readonly string[]>,
): ReadonlyMap<InstanceId, readonly string[]> {
  const needs = new Map<InstanceId, readonly string[]>();
  for (const { instance, out } of Object.values(deps).flatMap(outsRead))
    if (dropped.get(instance)?.includes(out) === true)
      needs.set(instance, [...new Set([...(needs.get(instance) ?? []), out])]);
  return needs;
}

/** What a run would do. */
export async function forecastOf(
  session: Session,
  instances: readonly Instance[],
  takenAsIs: ReadonlySet<InstanceId>,
  policyOf: (instance: Instance) => Policy,
  listed: readonly ListedInstances[],
): Promise<Forecast> {
  const assessments = await readTogether(session.store, () =>
    assessAll(session, instances, policyOf, takenAsIs),
  );
  const assessed = new Map(
    [...assessments].flatMap(([id, seen]) =>
      seen.kind === 'assessed' ? [[id, seen.assessment] as const] : [],
    ),
  );
  const dropped = await droppedForGood(session, assessed);
  const expected = forecast(session.plan, instances, {
    decideNow: ({ id }) => assessed.get(id)?.decision ?? { kind: 'run', because: [{ kind: 'no-result' }] },
    displaced: ({ id }) => assessed.get(id)?.displaced ?? [],
    droppedNeeds: (instance) => droppedNeeds(instance, dropped),
    neverFinished: ({ id }) =>
      !isHit(assessments.get(id)) && !hasResult(session.store, session.plan.pipeline, id),
  });
  const willRun = await Promise.all(
    expected.willRun.map(async ({ instance: id, because }) => {
      const [instance, inputs] = [session.instances.get(id), assessed.get(id)?.inputs];
      return {
        instance: id,
        because:
          instance === undefined || inputs === undefined
            ? because
            : await nameChanges(session, instance, because, inputs),
      };
    }),
  );
  const stale = staleLists(session.plan, (id) => presentOuts(assessments.get(id)));
  const frozen = instances.flatMap((instance) => (instance.frozen === undefined ? [] : [instance.id]));
  return {
    ...expected,
    ...(frozen.length > 0 ? { frozen } : {}),
    willRun,
    awaited: awaitedInstances(listed, stale),
  };
}
