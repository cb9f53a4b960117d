import type { Result } from '../../result.ts';
import type { MemoryPlan } from '../answers/memory-plan.ts';
import type { Problem } from '../answers/problem.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { InstanceId } from '../identity.ts';
import type { Policy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import type { Selected, Selection } from '../plan/select.ts';
import { mayHavePreview } from '../programs/ask-programs.ts';
import { assessAll, type AssessedInstance, isHit } from '../status/assess-all.ts';
import type { Session } from '../status/session.ts';
import { memoryFindings, memoryPlans } from '../status/preflight/memory-plan.ts';
import { readTogether } from '../store/database/open-store.ts';
import type { Opened } from './open-rows.ts';
import type { Planned } from './planning/plan-here.ts';
import { selectFrom } from './planning/select-from.ts';
import { sessionFor } from './session-for.ts';

/** The memory of instances, as their programs estimate it. */
export async function estimate(
  opened: Opened,
  planned: Planned,
  selection: Selection,
): Promise<Result<readonly MemoryPlan[], Problem>> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const { chosen } = selected.value;
  const session = await sessionFor(opened, planned, [], chosen);
  if (!session.ok) return session;
  return { ok: true, value: await memoryPlans(sourcesOf(opened, session.value), chosen) };
}

/**
 * What instances that will run lack of memory. Only programs with a preview are queried, so undefined where
 * no instance has one: then there is nothing to assess for.
 */
export async function memoryCheck(
  opened: Opened,
  session: Session,
  { chosen, takenAsIs }: Selected,
  policyOf: (instance: Instance) => Policy,
): Promise<MemoryCheck | undefined> {
  const able = chosen.filter(
    ({ program }) => program.kind === 'uses' && mayHavePreview(opened.workspace, program.path),
  );
  if (able.length === 0) return undefined;
  const known = new Set(takenAsIs.map(({ id }) => id));
  const assessments = await readTogether(opened.store, () => assessAll(session, chosen, policyOf, known));
  const starting = able.filter(({ id }) => !isHit(assessments.get(id)));
  const plans = starting.length === 0 ? [] : await memoryPlans(sourcesOf(opened, session), starting);
  return { findings: memoryFindings(plans, starting, session.plan.typed), assessments };
}

interface MemoryCheck {
  readonly findings: readonly Diagnostic[];
  /** Of the chosen instances, for the run: before inputs that are taken as they are were restored. */
  readonly assessments: ReadonlyMap<InstanceId, AssessedInstance>;
}

const sourcesOf = ({ workspace, host }: Opened, { plan, executorOf }: Session) => ({
  workspace,
  plan,
  askChild: host.helpers.askChild,
  capacityOf: (instance: Instance) => executorOf(instance).capacity(undefined),
});
