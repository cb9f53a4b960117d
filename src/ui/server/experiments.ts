import type { Result } from '../../result.ts';
import { stageOf } from '../../runner/identity.ts';
import type { InstanceMetrics, Project } from '../../runner/project.ts';
import type { Value } from '../../stage/context.ts';
import type { ExperimentsAnswer, MeasuredValue, ModelAnswer } from '../api.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/**
 * One row a model, with the metrics of its own and of the instances that read it. A model is an instance with
 * an out of kind `model`; where there is none, whatever has metrics is a row.
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
      ? measured.value.map((own) => ({ instance: String(own.instance), parts: [own] }))
      : [...withModel].map((model) => ({
          instance: String(model),
          parts: [...one(byInstance.get(model)), ...readers(model)],
        }));
  return {
    ok: true,
    value: {
      models: rows
        .filter(({ parts }) => parts.length > 0)
        .map(({ instance, parts }) => modelAnswer(instance, parts)),
    },
  };
}

const one = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function modelAnswer(model: string, parts: readonly InstanceMetrics[]): ModelAnswer {
  // Of a model without metrics of its own, what was measured from it tells the labels.
  const own = parts.find(({ instance }) => instance === model);
  const names = parts.flatMap(({ values }) => Object.keys(values));
  const metrics: Record<string, MeasuredValue> = {};
  for (const { instance, values, intervals = {} } of parts)
    for (const [name, value] of Object.entries(values)) {
      // Said of a metric, not a metric.
      if (isPartOfEstimate(name, intervals)) continue;
      const isShared = names.filter((other) => other === name).length > 1;
      const shown = isShared ? `${stageOf(instance)}: ${name}` : name;
      const [low, high] = intervals[name] ?? [];
      metrics[shown] = { value: Number(value), low, high };
    }
  return {
    instance: model,
    from: parts.flatMap(({ instance }) => (instance === model ? [] : [instance])),
    best: parts.find(({ best }) => best !== undefined)?.best,
    outdated: parts.filter(({ state }) => state !== 'up-to-date').map(({ instance }) => instance),
    axes: (own ?? parts[0])?.axes ?? {},
    labels: (own ?? parts[0])?.labels ?? {},
    params: leavesOf((own ?? parts[0])?.params ?? {}),
    metrics,
  };
}

/** Beside a mean with an interval: its bounds, and how they were found. */
const isPartOfEstimate = (name: string, intervals: NonNullable<InstanceMetrics['intervals']>): boolean =>
  !/(^|\.)mean$/.test(name) && Object.hasOwn(intervals, name.replace(/[^.]*$/, 'mean'));

/** A map by paths: {config: {epochs: 6}} as {"config.epochs": 6}. Lists are values. */
export function leavesOf(params: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  const entries = (value: Value, path: string): readonly (readonly [string, Value])[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, member]: [string, Value]) =>
          entries(member, path === '' ? name : `${path}.${name}`),
        )
      : [[path, value]];
  return Object.fromEntries(entries(params, ''));
}
