import type { InstanceId } from '../identity.ts';
import type { Instance, Plan } from './instance.ts';

/** Whether an instance leaves a model. */
export const isModel = ({ outs }: Instance): boolean =>
  Object.values(outs).some(({ kind }) => kind === 'model');

/**
 * The model that each instance without a model of its own was made from, if there is exactly one: the nearest
 * among its ancestors. A model that another candidate was made from does not count: an evaluation reads its
 * base model too. An instance that reads from several models, such as a table of all scores, has none.
 */
export function evaluatedModels(
  plan: Pick<Plan, 'instances' | 'needs'>,
): ReadonlyMap<InstanceId, InstanceId> {
  const models = new Set(plan.instances.filter(isModel).map(({ id }) => id));
  /** Of each instance; `null`: several. */
  const nearest = new Map<InstanceId, InstanceId | null>();
  const sources = new Map<InstanceId, ReadonlySet<InstanceId>>();
  for (const { id } of plan.instances) {
    const needs = plan.needs.get(id) ?? [];
    if (models.has(id)) {
      sources.set(id, modelsBelow(needs, models, sources, nearest));
      continue;
    }
    const found = new Set(needs.flatMap((need) => (models.has(need) ? [need] : (nearest.get(need) ?? []))));
    const last = [...found].filter((model) => ![...found].some((other) => sources.get(other)?.has(model)));
    const isOfSeveral =
      last.length > 1 || needs.some((need) => !models.has(need) && nearest.get(need) === null);
    if (isOfSeveral) nearest.set(id, null);
    else if (last[0] !== undefined) nearest.set(id, last[0]);
  }
  return new Map([...nearest].flatMap(([id, model]) => (model === null ? [] : [[id, model] as const])));
}

/** All models that a model was made from; for an instance made from several, as far as they are known. */
function modelsBelow(
  needs: readonly InstanceId[],
  models: ReadonlySet<InstanceId>,
  sources: ReadonlyMap<InstanceId, ReadonlySet<InstanceId>>,
  nearest: ReadonlyMap<InstanceId, InstanceId | null>,
): ReadonlySet<InstanceId> {
  const direct = needs.flatMap((need) => (models.has(need) ? [need] : (nearest.get(need) ?? [])));
  return new Set(direct.flatMap((model) => [model, ...(sources.get(model) ?? [])]));
}
