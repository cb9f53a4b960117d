import type { Result } from '../../../result.ts';
import type { Graph } from '../../answers/instances.ts';
import type { Problem } from '../../answers/problem.ts';
import { selectFrom } from '../planning/select-from.ts';
import type { Planned } from '../planning/plan-here.ts';
import { awaitedInstances } from '../../plan/stale-lists.ts';
import type { Selection } from '../../plan/select.ts';

/** Which of the selected instances depend on which. */
export function graph(planned: Planned, selection: Selection): Result<Graph, Problem> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const { plan } = planned;
  const ids = new Set(selected.value.chosen.map(({ id }) => id));
  const stages = new Set(selected.value.chosen.map(({ stage }) => stage));
  return {
    ok: true,
    value: {
      pipeline: plan.pipeline,
      instances: selected.value.chosen.map(({ id, stage, description, frozen }) => ({
        instance: id,
        stage,
        description,
        ...(frozen === undefined ? {} : { frozen: true as const }),
      })),
      edges: selected.value.chosen.flatMap(({ id }) =>
        (plan.needs.get(id) ?? []).filter((need) => ids.has(need)).map((from) => ({ from, to: id })),
      ),
      awaited: awaitedInstances(selected.value.listed, new Set()),
      leftOut: (plan.leftOut ?? [])
        .filter(({ stage }) => selection.patterns.length === 0 || stages.has(stage))
        .map(({ id, stage, condition }) => ({ instance: id, stage, condition })),
    },
  };
}
