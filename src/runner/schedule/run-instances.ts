import { PGraph } from 'p-graph';
import type { Outcome } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Instance } from '../plan/instance.ts';
import { needsToRun } from '../plan/with-needs.ts';
import { diskMessage } from '../store/database/disk-message.ts';
import type { Run } from './run.ts';
import { assessNow, unassessed } from './up-to-date/assess-now.ts';
import { bringingBack } from './up-to-date/bring-back.ts';
import { bringUpToDate, noted, type Settling } from './up-to-date/bring-up-to-date.ts';
import type { RunRules } from './up-to-date/run-rules.ts';
import { Turns } from './up-to-date/turns.ts';

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
  const bringBack = bringingBack(run, {
    assessNow: (instance, policy) => assessNow(run, instance, policy),
    bringUpToDate: (instance, policy) => bringUpToDate(settling, instance, policy),
    onOutcome,
  });
  const settling: Settling = { run, rules, turns: new Turns(rules.failures), bringBack };
  const skipped = new Set<InstanceId>();
  for (const [id, outcome] of rules.ended) note(id, outcome);

  async function task(instance: Instance): Promise<void> {
    const hindrance = hindranceOf(instance);
    const ending =
      hindrance === undefined
        ? await bringUpToDate(settling, instance, rules.policyOf(instance)).catch((error: unknown) =>
            unassessed(diskMessage(error)),
          )
        : { key: null, outcome: hindrance };
    const { key, outcome } = noted(run, rules, ending);
    note(instance.id, outcome);
    onOutcome(instance, key, outcome);
  }

  /** How an instance ends because of what it needs; undefined: it has its inputs. */
  function hindranceOf(instance: Instance): Outcome | undefined {
    const needs = needsToRun(plan, instance);
    const by = needs.map((need) => failures.get(need)).find((failure) => failure !== undefined);
    if (by !== undefined) return { kind: 'blocked', by };
    if (run.detach && needs.some((need) => unfinished.has(need))) return { kind: 'waiting' };
    if (rules.restoreOnly && needs.some((need) => skipped.has(need))) return { kind: 'skipped' };
    return undefined;
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
