import { join } from 'node:path';
import { isJsonList, isJsonObject, type Json, readJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { Artifact, InstanceMetrics, Project, ResultFiles } from '../../runner/project.ts';
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
  const results = await project.results(everything);
  if (!results.ok) return results;
  const bounds = await boundsOf(project.root, declared.value, results.value);
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
        .map(({ instance, parts }) => modelAnswer(instance, parts, bounds)),
    },
  };
}

const one = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function modelAnswer(
  model: string,
  parts: readonly InstanceMetrics[],
  bounds: ReadonlyMap<string, Bounds>,
): ModelAnswer {
  // Of a model without metrics of its own, what was measured from it tells the labels.
  const own = parts.find(({ instance }) => instance === model);
  const names = parts.flatMap(({ values }) => Object.keys(values));
  const metrics: Record<string, MeasuredValue> = {};
  for (const { instance, values } of parts)
    for (const [name, value] of Object.entries(values)) {
      const known = bounds.get(instance);
      // Said of a metric, not a metric.
      if (known?.isBound(name) === true) continue;
      const isShared = names.filter((other) => other === name).length > 1;
      const shown = isShared ? `${instance.split('[', 1)[0]}: ${name}` : name;
      const [low, high] = known?.of(name) ?? [];
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

/** What a metrics file says of the bounds of its numbers. */
export interface Bounds {
  readonly of: (name: string) => readonly [low: number, high: number] | undefined;
  /** Whether the number of that name is a bound of another, or says how the other was found. */
  readonly isBound: (name: string) => boolean;
}

/**
 * The two ways in which a file states an interval: `intervals` repeats the names of the metrics, each with a
 * list of two bounds; or a metric is a map of `mean`, `low` and `high`.
 */
export function boundsIn(file: Json): Bounds {
  const pairs = new Map<string, readonly [number, number]>();
  const parts = new Set<string>();
  const walk = (value: Json, path: readonly string[]): void => {
    if (!isJsonObject(value)) return;
    const { mean, low, high } = value;
    const isEstimate = typeof mean === 'number' && typeof low === 'number' && typeof high === 'number';
    if (isEstimate) pairs.set([...path, 'mean'].join('.'), [low, high]);
    for (const [name, member] of Object.entries(value)) {
      if (isEstimate && name !== 'mean') parts.add([...path, name].join('.'));
      if (isJsonList(member) && path[0] === 'intervals' && member.length === 2) {
        const [least, most] = member;
        if (typeof least === 'number' && typeof most === 'number')
          pairs.set([...path.slice(1), name].join('.'), [least, most]);
      }
      walk(member, [...path, name]);
    }
  };
  walk(file, []);
  return { of: (name) => pairs.get(name), isBound: (name) => parts.has(name) };
}

/** Of the metrics files of instances that can be read. */
async function boundsOf(
  root: string,
  declared: readonly Artifact[],
  results: readonly ResultFiles[],
): Promise<ReadonlyMap<string, Bounds>> {
  const found = await Promise.all(
    results.map(async ({ instance, files }) => {
      const outs = declared.filter((out) => out.instance === instance && out.kind === 'metrics');
      const read = await Promise.all(
        outs.map(async ({ out }) => {
          const file = files[out];
          const parsed = file === undefined ? undefined : await readJson(join(root, file));
          return parsed?.ok === true ? [boundsIn(parsed.value)] : [];
        }),
      );
      return [String(instance), joined(read.flat())] as const;
    }),
  );
  return new Map(found);
}

const joined = (all: readonly Bounds[]): Bounds => ({
  of: (name) => all.map((each) => each.of(name)).find((pair) => pair !== undefined),
  isBound: (name) => all.some((each) => each.isBound(name)),
});
