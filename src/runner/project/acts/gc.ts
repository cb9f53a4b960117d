import { dirname } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Collected, GcRequest } from '../../answers/garbage.ts';
import type { Problem } from '../../answers/problem.ts';
import { collectGarbage } from '../../cache/gc.ts';
import { staleLists } from '../../plan/stale-lists.ts';
import { workspaceOuts } from '../../schedule/outs/place-outs.ts';
import { inspect } from '../../status/inspect.ts';
import { keysOfInstance } from '../../store/attempts.ts';
import { lastKeys } from '../../store/last-results.ts';
import { awaitedResults } from '../awaited-results.ts';
import type { Opened } from '../open-rows.ts';
import { placedHere } from '../planning/placed-here.ts';
import { type Planned, plansOnDisk } from '../planning/plan-here.ts';
import { queuedAttempts } from '../queued/queued-attempts.ts';
import { sessionFor } from '../session-for.ts';
import { locked } from './locked.ts';

/**
 * Deletes results that no pipeline file on disk names and that the last runs did not make. If one of the
 * files cannot be read, nothing is deleted: the instances that it names are unknown.
 */
export async function gc(
  opened: Opened,
  set: readonly string[],
  { keepRuns, ...options }: GcRequest,
): Promise<Result<Collected, Problem>> {
  return locked(opened, 0, new AbortController().signal, async () => {
    const plans = await plansOnDisk(opened.place, set, opened.store);
    if (!plans.ok) return plans;
    const named: NamedResults[] = [];
    for (const plan of plans.value) {
      const found = await namedIn(opened, plan);
      if (!found.ok) return found;
      named.push(found.value);
    }
    const executors = new Map(named.map((each) => [each.pipeline, each.executors]));
    const keys = new Set(named.flatMap((each) => each.keys));
    const instances = new Set(named.flatMap((each) => each.instances));
    const folders = new Set(named.flatMap((each) => each.folders));
    const attempts = await queuedAttempts(opened, executors, keys);
    return {
      ok: true,
      value: await collectGarbage(
        opened.workspace,
        opened.store,
        { keys, instances, folders, attempts, runs: keepRuns },
        { ...options, now: Date.now() },
      ),
    };
  });
}

/** What a pipeline file names, or may name again. */
interface NamedResults {
  readonly pipeline: string;
  readonly executors: Planned['executors'];
  readonly keys: readonly string[];
  /** As "pipeline instance". */
  readonly instances: readonly string[];
  /** Of outs. */
  readonly folders: readonly string[];
}

async function namedIn(opened: Opened, read: Planned): Promise<Result<NamedResults, Problem>> {
  const placed = await placedHere(opened, read);
  if (!placed.ok) return placed;
  const { plan, executors } = placed.value;
  const session = await sessionFor(opened, placed.value, [], plan.instances);
  if (!session.ok) return session;
  const { store } = opened;
  const { pipeline } = plan;
  const inspections = await inspect(session.value, plan.instances);
  const outs = new Map(inspections.map(({ instance, outs: present }) => [instance.id, present]));
  const stale = staleLists(plan, (id) => outs.get(id));
  // An instance that waits for another could still end under any key that it ever had.
  const everyKey = (id: string): readonly string[] => keysOfInstance(store, pipeline, id);
  const named = [
    ...awaitedResults(store, plan, stale).map((id) => [id, everyKey(id)] as const),
    ...inspections.map(
      ({ instance: { id }, key }) => [id, key === undefined ? everyKey(id) : [key]] as const,
    ),
  ];
  const last = lastKeys(store, pipeline);
  return {
    ok: true,
    value: {
      pipeline,
      executors,
      keys: named.flatMap(([id, keys]) => {
        const lastKey = last.get(id);
        return lastKey === undefined ? keys : [lastKey, ...keys];
      }),
      instances: named.map(([id]) => `${pipeline} ${id}`),
      folders: plan.instances.flatMap((instance) => workspaceOuts(instance).map((path) => dirname(path))),
    },
  };
}
