import type { Result } from '../../../result.ts';
import { stageOf } from '../../../runner/identity.ts';
import type { InstanceMetrics, Project } from '../../../runner/project.ts';
import type { ExperimentsAnswer } from '../../../pages/result-answers.ts';
import { type MeasuredPart, modelAnswer } from '../../../pages/results/model-answer.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/**
 * One row for each model, with the metrics of its own and of the instances that read it. A model is an
 * instance with an out of kind `model`; in a pipeline without one, each instance with metrics is a row.
 */
export async function experimentsAnswer(project: Project): Promise<Result<ExperimentsAnswer, Refusal>> {
  const measured = await project.metrics(everything);
  if (!measured.ok) return measured;
  const declared = await project.artifacts(everything);
  if (!declared.ok) return declared;
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const byInstance = new Map(measured.value.map((one) => [String(one.instance), one]));
  const withModel = new Set(
    declared.value.flatMap(({ kind, instance }) => (kind === 'model' ? [instance] : [])),
  );
  const readers = (model: string): readonly InstanceMetrics[] =>
    graph.value.edges.flatMap(({ from, to }) => {
      const found = from === model && !withModel.has(to) ? byInstance.get(to) : undefined;
      return found === undefined || gathers(to, graph.value.edges) ? [] : [found];
    });
  const gathers = (instance: string, edges: typeof graph.value.edges): boolean =>
    edges.filter(({ from, to }) => to === instance && withModel.has(from)).length > 1;
  const rows =
    withModel.size === 0
      ? measured.value.map((own) => ({ instance: String(own.instance), parts: [measuredPart(own)] }))
      : [...withModel].map((model) => ({
          instance: String(model),
          parts: [...one(byInstance.get(model)), ...readers(model)].map(measuredPart),
        }));
  return {
    ok: true,
    value: {
      warnings: [],
      notes: [],
      models: rows
        .filter(({ parts }) => parts.length > 0)
        .map(({ instance, parts }) => modelAnswer(instance, parts)),
    },
  };
}

const one = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

const measuredPart = ({ state, ...metrics }: InstanceMetrics): MeasuredPart => ({
  ...metrics,
  stage: stageOf(metrics.instance),
  isCurrent: state === 'up-to-date',
});
