import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import { checkedSource } from '../../cache/result-source.ts';
import type { Policy } from '../../manifest/decide.ts';
import { byId, type Instance, type Plan } from '../../plan/instance.ts';
import type { Selected } from '../../plan/select.ts';
import type { Diagnostic, Range } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import { staleLists } from '../../plan/stale-lists.ts';
import { instancesWithNeeds, withDependents } from '../../plan/with-needs.ts';
import { invalid } from './invalid.ts';
import type { ExistingOuts, RunRequest } from '../../run-request.ts';
import { assessAll, presentOuts } from '../../status/assess-all.ts';
import type { Session } from '../../status/session.ts';
import { readTogether } from '../../store/database/open-store.ts';
import { lastOutcomes } from '../../store/runs.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from './plan-here.ts';
import { selectToRun, unknownList } from './select-from.ts';
import { sessionFor } from '../session-for.ts';
import { sharedSource } from '../shared-cache/shared-source.ts';

/** What a request to run is about. */
interface Chosen {
  readonly selected: Selected;
  readonly policyOf: (instance: Instance) => Policy;
  readonly existingOutsOf: (instance: Instance) => ExistingOuts | undefined;
}

/**
 * The instances that a request is about. `--force`, `--adopt` and `--overwrite` mean those that were named,
 * not all that they need.
 */
export function choose({ store }: Opened, planned: Planned, request: RunRequest): Result<Chosen, Problem> {
  const all = selectToRun(planned, request);
  if (!all.ok) return all;
  const refused = unmadeLists(planned.plan, all.value);
  if (refused.length > 0) return invalid(refused, planned.sources);
  const { force, existingOuts, patterns } = request;
  const named = force || existingOuts !== undefined ? selectToRun(planned, namedIn(request)) : undefined;
  if (named?.ok === false) return named;
  const namedIds = new Set(named?.value.chosen.map(({ id }) => id));
  const frozen = named?.value.chosen.find((instance) => instance.frozen !== undefined);
  if (frozen?.frozen !== undefined && request.patterns.length > 0)
    return invalid([frozenFault(frozen.id, frozen.frozen)], planned.sources);
  // Named instances are wanted with the bytes of their temp outs.
  const asked =
    patterns.length > 0 && hasTempOuts(planned.plan)
      ? selectToRun(planned, { patterns, mode: 'only' })
      : undefined;
  if (asked?.ok === false) return asked;
  const askedIds = new Set(asked?.value.chosen.map(({ id }) => id));
  const policyOf = ({ id, cache, frozen: frozenAt }: Instance): Policy => ({
    forced: force && namedIds.has(id),
    cache,
    ...(askedIds.has(id) && frozenAt === undefined ? { wanted: { for: undefined } } : {}),
  });
  const existingOutsOf = ({ id, frozen: frozenAt }: Instance): ExistingOuts | undefined =>
    namedIds.has(id) && frozenAt === undefined ? existingOuts : undefined;
  const selected = request.retryFailed ? failedBefore(store, planned.plan, all.value) : all.value;
  return { ok: true, value: { selected, policyOf, existingOutsOf } };
}

const hasTempOuts = ({ instances }: Plan): boolean =>
  instances.some(({ outs }) => Object.values(outs).some(({ temp }) => temp));

/** The fault of a frozen instance that was named to be run, adopted or overwritten. */
export const frozenFault = (id: InstanceId, at: Range): Diagnostic => ({
  severity: 'error',
  code: 'frozen',
  message: `${id} is frozen, so it does not run`,
  at,
  help: 'remove `frozen: true` first',
});

/**
 * Selected instances that could come only from lists that this request does not make (`--only`, `--from`).
 */
function unmadeLists(plan: Plan, { chosen, listed, unmatched }: Selected): readonly Diagnostic[] {
  const ids = new Set(chosen.map(({ id }) => id));
  const open = listed.filter(({ after }) => !after.some((producer) => ids.has(producer)));
  if (open.length === 0) return [];
  return [...unmatched, ...open.filter(({ isKnown }) => !isKnown).map((one) => unknownList(plan, one))];
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
  return { chosen: instancesWithNeeds(plan, again), takenAsIs: [], listed: [], unmatched: [] };
}

/** The same instances as another version of the plan has them. */
export function selectedIn(plan: Plan, { chosen, takenAsIs, ...rest }: Selected): Selected {
  const instances = byId(plan.instances);
  const now = (some: readonly Instance[]): readonly Instance[] =>
    some.map((instance) => instances.get(instance.id) ?? instance);
  return { chosen: now(chosen), takenAsIs: now(takenAsIs), ...rest };
}

/** A session in which instances can run, and find results in the shared cache. */
export async function sessionToRun(
  opened: Opened,
  planned: Planned,
  chosen: Chosen,
  { allowMissing = false, restoreOnly = false }: RunRequest,
): Promise<Result<Session, Problem>> {
  // An instance that is only restored need not be able to run here.
  const checked = restoreOnly ? [] : await surelyRun(opened, planned, chosen);
  const inspected = instancesWithNeeds(planned.plan, chosen.selected.chosen);
  const session = await sessionFor(opened, planned, checked, inspected, allowMissing);
  return session.ok ? withSharedCache(opened, planned, session.value) : session;
}

/**
 * Chosen instances that have to be able to run. What depends on a list that is made first is left out:
 * whether it stays what it is, is known once the list is.
 */
async function surelyRun(
  opened: Opened,
  planned: Planned,
  { selected, policyOf }: Chosen,
): Promise<readonly Instance[]> {
  const { plan } = planned;
  const chosen = selected.chosen.filter(({ frozen }) => frozen === undefined);
  if (plan.lists === undefined) return chosen;
  const producers = new Set(plan.lists.map(({ instance }) => instance));
  const inspected = instancesWithNeeds(
    plan,
    chosen.filter(({ id }) => producers.has(id)),
  );
  const session = await sessionFor(opened, planned, [], inspected, true);
  if (!session.ok) return chosen;
  const assessments = await readTogether(opened.store, () => assessAll(session.value, inspected, policyOf));
  const stale = staleLists(plan, (id) => presentOuts(assessments.get(id)));
  const made = new Set(inspected.flatMap(({ id }) => (stale.has(id) ? [id] : [])));
  const open = withDependents(plan, made);
  return chosen.filter(({ id }) => made.has(id) || !open.has(id));
}

/** The same session; results that are not on this disk come from the shared cache. */
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
 * The instances of a request, and a session for a preview: it queries the shared cache only with `--remote`.
 */
export async function chooseToRun(
  opened: Opened,
  planned: Planned,
  request: RunRequest,
): Promise<Result<Chosen & { readonly session: Session }, Problem>> {
  const chosen = choose(opened, planned, request);
  if (!chosen.ok) return chosen;
  const inspected = instancesWithNeeds(planned.plan, chosen.value.selected.chosen);
  const session =
    request.remote === true
      ? await sessionToRun(opened, planned, chosen.value, request)
      : await sessionFor(
          opened,
          planned,
          await surelyRun(opened, planned, chosen.value),
          inspected,
          request.allowMissing,
        );
  return session.ok ? { ok: true, value: { ...chosen.value, session: session.value } } : session;
}
