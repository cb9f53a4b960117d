import type { Result } from '../../../result.ts';
import type { Explanation } from '../../answers/instances.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Failure } from '../../event.ts';
import { type Inspection, sinceLastResult } from '../../status/inspect.ts';
import type { Session } from '../../status/session.ts';
import type { InstanceId } from '../../identity.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import type { Selection } from '../../plan/select.ts';
import { eventsOf, lastOutcomes } from '../../store/runs.ts';
import { originOf } from '../../cache/entry-facts.ts';
import { reasonsIn, stateOf, inspectedOnly, inspected } from './inspected.ts';

/** Why an instance, as typed, would run. */
export async function explain(
  opened: Opened,
  planned: Planned,
  instance: string,
): Promise<Result<Explanation, Problem>> {
  const alone = await inspectedOnly(opened, planned, instance);
  if (!alone.ok) return alone;
  const { session, inspection } = alone.value;
  const last = lastOutcomes(opened.store, planned.plan.pipeline);
  return { ok: true, value: await explanationOf(opened, planned, session, inspection, last) };
}

/** Of all instances that a selection names. */
export async function explanations(
  opened: Opened,
  planned: Planned,
  selection: Selection,
): Promise<Result<readonly Explanation[], Problem>> {
  const found = await inspected(opened, planned, selection);
  if (!found.ok) return found;
  const { session, inspections } = found.value;
  const last = lastOutcomes(opened.store, planned.plan.pipeline);
  const explained = inspections.map((inspection) =>
    explanationOf(opened, planned, session, inspection, last),
  );
  return { ok: true, value: await Promise.all(explained) };
}

async function explanationOf(
  opened: Opened,
  planned: Planned,
  session: Session,
  inspection: Inspection,
  outcomes: ReturnType<typeof lastOutcomes>,
): Promise<Explanation> {
  const {
    key,
    because,
    after,
    manifest,
    displaced,
    dropped,
    adopted,
    madeOn,
    ignored,
    fault,
    instance: { id, frozen },
  } = inspection;
  const last = outcomes.get(id);
  const state = stateOf(opened, planned, inspection, last?.kind);
  const failure = state === 'failed' && last !== undefined ? failureIn(opened, last.run, id) : undefined;
  return {
    instance: id,
    state,
    key,
    because: reasonsIn(state, because),
    displaced,
    ...(dropped.length > 0 ? { dropped } : {}),
    adopted,
    ...(frozen === undefined ? {} : { frozen: true as const }),
    ...(madeOn === undefined ? {} : { madeOn }),
    ...(frozen === undefined || key === undefined
      ? {}
      : { sinceResult: await sinceLastResult(session, inspection.instance) }),
    after,
    failure,
    fault,
    ignored,
    origin: key === undefined || state !== 'up-to-date' ? undefined : await originOf(opened, key),
    manifest,
  };
}

function failureIn({ store }: Opened, run: string, instance: InstanceId): Failure | undefined {
  const failed = eventsOf(store, run, instance).flatMap((event) =>
    event.kind === 'finished' && event.outcome.kind === 'failed' ? [event.outcome.failure] : [],
  );
  return failed.at(-1);
}
