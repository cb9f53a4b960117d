import type { Result } from '../../result.ts';
import type { MemoryPlan, Problem } from '../answers.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Policy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import type { Selection } from '../plan/select.ts';
import { mayHavePreview } from '../programs/ask-programs.ts';
import { instancesWithNeeds } from '../plan/with-needs.ts';
import { assessAll, isHit } from '../status/assess-all.ts';
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

/** Instances that will run without enough memory. Only programs with a preview that will run are queried. */
export async function memoryFaults(
  opened: Opened,
  session: Session,
  chosen: readonly Instance[],
  policyOf: (instance: Instance) => Policy,
): Promise<readonly Diagnostic[]> {
  const able = chosen.filter(
    ({ program }) => program.kind === 'uses' && mayHavePreview(opened.workspace, program.path),
  );
  if (able.length === 0) return [];
  const assessed = instancesWithNeeds(session.plan, able);
  const assessments = await readTogether(opened.store, () => assessAll(session, assessed, policyOf));
  const starting = able.filter(({ id }) => !isHit(assessments.get(id)));
  if (starting.length === 0) return [];
  return memoryFindings(
    await memoryPlans(sourcesOf(opened, session), starting),
    starting,
    session.plan.typed,
  );
}

const sourcesOf = ({ workspace, host }: Opened, { plan, executorOf }: Session) => ({
  workspace,
  plan,
  askChild: host.helpers.askChild,
  capacityOf: (instance: Instance) => executorOf(instance).capacity(undefined),
});
