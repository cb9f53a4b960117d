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
    const keys = new Set<string>();
    const instances = new Set<string>();
    const folders = new Set<string>();
    const executors = new Map<string, Planned['executors']>();
    for (const read of plans.value) {
      const placed = await placedHere(opened, read);
      if (!placed.ok) return placed;
      const planned = placed.value;
      const session = await sessionFor(opened, planned, [], planned.plan.instances);
      if (!session.ok) return session;
      const { plan } = planned;
      executors.set(plan.pipeline, planned.executors);
      const last = lastKeys(opened.store, plan.pipeline);
      const keep = (id: string, named: readonly string[]): void => {
        instances.add(`${plan.pipeline} ${id}`);
        const lastKey = last.get(id);
        for (const key of lastKey === undefined ? named : [lastKey, ...named]) keys.add(key);
      };
      const inspections = await inspect(session.value, plan.instances);
      const outs = new Map(inspections.map(({ instance, outs: present }) => [instance.id, present]));
      const stale = staleLists(plan, (id) => outs.get(id));
      for (const id of awaitedResults(opened.store, plan, stale))
        keep(id, keysOfInstance(opened.store, plan.pipeline, id));
      for (const { instance, key } of inspections) {
        for (const path of workspaceOuts(instance)) folders.add(dirname(path));
        // An instance that waits for another could still end under any key that it ever had.
        keep(
          instance.id,
          key === undefined ? keysOfInstance(opened.store, plan.pipeline, instance.id) : [key],
        );
      }
    }
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
