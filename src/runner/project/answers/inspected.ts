import type { Result } from '../../../result.ts';
import type { InstanceStatus } from '../../answers/instances.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { AwaitedInstances } from '../../event.ts';
import { type Inspection, inspect } from '../../status/inspect.ts';
import type { Session } from '../../status/session.ts';
import type { Reason } from '../../manifest/reason.ts';
import { invalid } from '../planning/invalid.ts';
import { withSharedCache } from '../planning/chosen.ts';
import { oneInstance, selectToRun, unknownList } from '../planning/select-from.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import { sessionFor } from '../session-for.ts';
import { awaitedInstances, staleLists } from '../../plan/stale-lists.ts';
import { instancesWithNeeds } from '../../plan/with-needs.ts';
import type { Selection } from '../../plan/select.ts';
import { isRunning, isSubmitted } from '../../store/attempts.ts';
import { lastRuns } from '../../store/runs.ts';
import { isInProgress } from './runs.ts';

/**
 * The states of the instances that a selection names, each with its dependencies, and of the instances that
 * lists will give it. `onRemoteWarning`: the shared cache is queried, too, and its errors are reported there.
 */
export async function inspected(
  opened: Opened,
  planned: Planned,
  selection: Selection,
  onRemoteWarning?: (warning: Diagnostic) => void,
): Promise<Result<InspectedSelection, Problem>> {
  const selected = selectToRun(planned, selection);
  if (!selected.ok) return selected;
  const { chosen, listed, unmatched } = selected.value;
  const producers = new Set(listed.flatMap(({ after }) => after));
  const toInspect = instancesWithNeeds(planned.plan, [
    ...chosen,
    ...planned.plan.instances.filter(({ id }) => producers.has(id)),
  ]);
  // Commands that only read work without the raw data.
  const local = await sessionFor(opened, planned, chosen, toInspect, true);
  if (!local.ok) return local;
  const session = onRemoteWarning === undefined ? local : await withSharedCache(opened, planned, local.value);
  if (!session.ok) return session;
  if (onRemoteWarning !== undefined) session.value.source?.onWarning?.(onRemoteWarning);
  const inspections = await inspect(session.value, toInspect);
  opened.stats.flush();
  const byId = new Map(inspections.map((inspection) => [inspection.instance.id, inspection]));
  const stale = staleLists(planned.plan, (id) => byId.get(id)?.outs);
  const awaited = awaitedInstances(listed, stale);
  if (unmatched.length > 0 && awaited.length === 0) return invalid(unmatched, planned.sources);
  const ids = new Set(chosen.map(({ id }) => id));
  return {
    ok: true,
    value: {
      session: session.value,
      inspections: inspections.filter(({ instance }) => ids.has(instance.id)),
      awaited,
    },
  };
}

interface InspectedSelection {
  readonly session: Session;
  readonly inspections: readonly Inspection[];
  readonly awaited: readonly AwaitedInstances[];
}

/** The one instance that a name selects; for several, an error that lists them. */
export async function inspectedOnly(
  opened: Opened,
  planned: Planned,
  instance: string,
): Promise<Result<{ readonly session: Session; readonly inspection: Inspection }, Problem>> {
  const found = await inspected(opened, planned, { patterns: [instance], mode: 'only' });
  if (!found.ok) return found;
  const [inspection, ...more] = found.value.inspections;
  const [open] = found.value.awaited;
  if (inspection === undefined && open !== undefined)
    return invalid([unknownList(planned.plan, open)], planned.sources);
  if (inspection !== undefined && more.length === 0)
    return { ok: true, value: { session: found.value.session, inspection } };
  const instances = found.value.inspections.map((one) => one.instance);
  return invalid([oneInstance(instance, instances)], planned.sources);
}

/** The state that is shown: what runs or is submitted now stands before how the last attempt ended. */
export function stateOf(
  { store, executors }: Opened,
  { plan }: Planned,
  { instance, state }: Inspection,
  last: string | undefined,
): InstanceStatus['state'] {
  if (state === 'up-to-date' || state === 'restorable') return state;
  if (isRunning(store, plan.pipeline, instance.id) && lastRuns(store, 1).some(isInProgress)) return 'running';
  if (isSubmitted(store, plan.pipeline, instance.id, executors.local.name)) return 'submitted';
  if (last === 'failed' || last === 'interrupted') return last;
  return state === 'waiting' ? 'waiting' : 'out-of-date';
}

/** An attempt that is on has not ended: it was not interrupted. */
export const reasonsIn = (state: InstanceStatus['state'], because: readonly Reason[]): readonly Reason[] =>
  state === 'running' || state === 'submitted'
    ? because.filter(({ kind }) => kind !== 'interrupted-before')
    : because;
