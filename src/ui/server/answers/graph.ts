import type { Result } from '../../../result.ts';
import type { Project } from '../../../runner/project.ts';
import { reasonText } from '../../../runner/report/reason-text.ts';
import type { GraphAnswer, GraphInstance } from '../../api.ts';
import type { Refusal } from './refusal.ts';

/** Every instance and every stage of the pipeline. */
export const everything = { patterns: [], mode: 'needs' } as const;

/** The instances by stage, with their states and their dependencies. */
export async function graphAnswer(project: Project): Promise<Result<GraphAnswer, Refusal>> {
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const status = await project.status(everything);
  if (!status.ok) return status;
  const states = new Map(status.value.instances.map((one) => [one.instance, one]));
  const stages = new Map<string, { readonly description: string; readonly instances: GraphInstance[] }>();
  for (const { instance, stage, description, frozen } of graph.value.instances) {
    const known = states.get(instance);
    const members = stages.get(stage) ?? { description, instances: [] };
    stages.set(stage, members);
    members.instances.push({
      instance,
      state: known?.state ?? 'waiting',
      because: known?.because.map(reasonText) ?? [],
      after: known?.after ?? [],
      fault: known?.fault,
      at: known?.at,
      frozen,
    });
  }
  return {
    ok: true,
    value: {
      pipeline: graph.value.pipeline,
      stages: [...stages].map(([stage, members]) => ({ stage, ...members })),
      edges: graph.value.edges,
      awaited: graph.value.awaited,
    },
  };
}
