import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers.ts';
import { checkedSource } from '../../cache/result-source.ts';
import type { Policy } from '../../manifest/decide.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import type { Selected } from '../../plan/select.ts';
import { instancesWithNeeds } from '../../plan/with-needs.ts';
import type { ExistingOuts, RunRequest } from '../../run-request.ts';
import type { Session } from '../../status/assess.ts';
import { byId } from '../../status/preflight.ts';
import { lastOutcomes } from '../../store/runs.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from './plan-here.ts';
import { selectFrom } from './select-from.ts';
import { sessionFor } from '../session-for.ts';
import { sharedSource } from '../shared-cache/shared-source.ts';

/** What a request to run is about. */
export interface Chosen {
  readonly selected: Selected;
  readonly policyOf: (instance: Instance) => Policy;
  readonly existingOutsOf: (instance: Instance) => ExistingOuts | undefined;
}

/**
 * The instances that a request is about. `--force`, `--adopt` and `--overwrite` mean those that were named,
 * not all that they need.
 */
export function choose({ store }: Opened, planned: Planned, request: RunRequest): Result<Chosen, Problem> {
  const all = selectFrom(planned, request);
  if (!all.ok) return all;
  const { force, existingOuts } = request;
  const named = force || existingOuts !== undefined ? selectFrom(planned, namedIn(request)) : undefined;
  if (named?.ok === false) return named;
  const isNamed = new Set(named?.value.chosen.map(({ id }) => id));
  const policyOf = (instance: Instance): Policy => ({
    forced: force && isNamed.has(instance.id),
    cache: instance.cache,
  });
  const existingOutsOf = ({ id }: Instance): ExistingOuts | undefined =>
    isNamed.has(id) ? existingOuts : undefined;
  const selected = request.retryFailed ? failedBefore(store, planned.plan, all.value) : all.value;
  return { ok: true, value: { selected, policyOf, existingOutsOf } };
}

/** The patterns of a request without what those instances need. */
const namedIn = ({ patterns, mode }: RunRequest): Pick<RunRequest, 'patterns' | 'mode'> => ({
  patterns,
  mode: mode === 'needs' && patterns.length > 0 ? 'only' : mode,
});

function failedBefore(store: Opened['store'], plan: Plan, { chosen }: Selected): Selected {
  const last = lastOutcomes(store, plan.pipeline);
  const again = chosen.filter(({ id }) =>
    ['failed', 'blocked', 'interrupted'].includes(last.get(id)?.kind ?? ''),
  );
  return { chosen: instancesWithNeeds(plan, again), takenAsIs: [] };
}

/** The same instances as another version of the plan has them. */
export function selectedIn(plan: Plan, { chosen, takenAsIs }: Selected): Selected {
  const instances = byId(plan.instances);
  const now = (some: readonly Instance[]): readonly Instance[] =>
    some.map((instance) => instances.get(instance.id) ?? instance);
  return { chosen: now(chosen), takenAsIs: now(takenAsIs) };
}

/** A session in which instances can run, and find results in the shared cache. */
export async function sessionToRun(
  opened: Opened,
  planned: Planned,
  { chosen }: Selected,
  { allowMissing = false, restoreOnly = false }: RunRequest,
): Promise<Result<Session, Problem>> {
  // What is only written back need not be able to run here.
  const session = restoreOnly
    ? await sessionFor(opened, planned, [], instancesWithNeeds(planned.plan, chosen), allowMissing)
    : await sessionFor(opened, planned, chosen, undefined, allowMissing);
  return session.ok ? withSharedCache(opened, planned, session.value) : session;
}

/** The same session; what is not on this disk is taken from the shared cache. */
export async function withSharedCache(
  opened: Opened,
  { plan }: Planned,
  session: Session,
): Promise<Result<Session, Problem>> {
  const source = await sharedSource(opened, plan);
  if (!source.ok) return source;
  return {
    ok: true,
    value: source.value === undefined ? session : { ...session, source: checkedSource(source.value) },
  };
}

/**
 * The instances that a request is about, and a session for a look ahead: that asks the shared cache only where
 * it is told to.
 */
export async function chooseToRun(
  opened: Opened,
  planned: Planned,
  request: RunRequest,
): Promise<Result<Chosen & { readonly session: Session }, Problem>> {
  const chosen = choose(opened, planned, request);
  if (!chosen.ok) return chosen;
  const { selected } = chosen.value;
  const session =
    request.remote === true
      ? await sessionToRun(opened, planned, selected, request)
      : await sessionFor(opened, planned, selected.chosen, undefined, request.allowMissing);
  return session.ok ? { ok: true, value: { ...chosen.value, session: session.value } } : session;
}
