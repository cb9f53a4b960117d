import type { Diagnostic, Fault, Located, Range, Report } from '../diagnostic.ts';
import type { InstanceId } from '../identity.ts';
import { limits } from '../pipeline-file/yaml/guard.ts';
import type { Pipeline, Stage } from '../pipeline-file/pipeline.ts';
import type { SourceRequest } from '../pipeline-file/source-request.ts';
import { bestOf } from './best-of.ts';
import { cellsOf } from './expand/cells.ts';
import { checkPaths } from './check/check-paths.ts';
import type { Cell, ListedCells } from './expand/cell.ts';
import { cycleText, dependencyOrder, type Edge } from './dependency-order.ts';
import { axisName, instanceName } from './instance-name.ts';
import type { LeftCell } from './expand/kept-cells.ts';
import type { Instance, LeftInstance, ListedInstances, Plan } from './instance.ts';
import {
  type ListNeeds,
  type LooseDependency,
  looseDependencies,
  type PlanScope,
} from './expand/resolve-dependency.ts';
import { resolveInstance } from './expand/resolve-instance.ts';

interface Planned {
  /** Complete only without faults. */
  readonly plan: Plan;
  readonly faults: readonly Fault[];
  /** The dependencies of stages with faults. */
  readonly loose: readonly LooseDependency[];
}

/**
 * The graph of a pipeline: every cell of every matrix with its references resolved and its deps joined. All
 * faults are collected; a fault that many instances share is reported once. Takes time in proportion to
 * instances and edges. `readList`: the lists that matrices take values from; what depends on a list that is
 * not known yet is in `listed` of the plan.
 */
export function planOf(pipeline: Pipeline, readList?: SourceRequest['readList']): Planned {
  const faults = new Map<string, Repeated>();
  const report: Report = (fault) => {
    const place = `${fault.code} ${fault.at?.file} ${fault.at?.offset}`;
    const same = faults.get(place);
    if (same === undefined) faults.set(place, { fault, more: 0 });
    else same.more++;
  };
  const { cells, left, listed, lists, producers } = cellsOf(pipeline, readList, report);
  const { order, cycles } = dependencyOrder(pipeline.stages.keys(), (name) =>
    edgesOf(pipeline.stages.get(name), producers.get(name) ?? []),
  );
  for (const cycle of cycles) report(cycleFault(cycle));
  const pending = new Map<InstanceId, readonly InstanceId[]>();
  const scope: Omit<PlanScope, 'lists'> = {
    pipeline,
    cells,
    left,
    listed,
    pending,
    joins: new Map(),
    leftJoins: new Map(),
    sizes: new Map(),
    budget: { edges: limits.edges, values: 2 * limits.values },
    report,
  };
  const instances: Instance[] = [];
  const needs = new Map<InstanceId, readonly InstanceId[]>();
  const open: ListedInstances[] = [];
  for (const name of order) {
    const stage = pipeline.stages.get(name);
    const [own, parts] = [cells.get(name), listed.get(name) ?? []];
    if (stage === undefined || own === undefined) continue;
    open.push(...parts.map((part) => listedInstances(name, part, pending)));
    for (const cell of own) {
      // The producer of its list may wait for another list itself.
      const awaited = new Set(cell.lists.flatMap((list) => pending.get(list) ?? []));
      const found: ListNeeds = { known: new Set(cell.lists), awaited, isSample: false };
      const instance = resolveInstance(stage, cell, { ...scope, lists: found });
      if (found.awaited.size > 0) {
        const after = plannedProducers(found.awaited, pending);
        pending.set(cell.name.id, after);
        open.push({ ...named(name, labelsOf(cell.axes)), after, isKnown: false });
      } else if (instance !== undefined) {
        instances.push(instance);
        needs.set(instance.id, [...new Set([...needsOf(instance), ...found.known])]);
      }
    }
    // Its faults must be known before anything runs.
    const [sample] = own.length === 0 ? parts : [];
    if (sample !== undefined)
      resolveInstance(stage, sampleCell(stage, sample), {
        ...scope,
        lists: { known: new Set(), awaited: new Set(), isSample: true },
      });
  }
  const best = bestOf(pipeline, { cells, left, listed }, report);
  const loose = looseDependencies(pipeline, report);
  checkPaths(instances, pipeline.file, report);
  return {
    plan: {
      pipeline: pipeline.name,
      file: pipeline.file,
      ...(pipeline.sharedCache === undefined ? {} : { sharedCache: pipeline.sharedCache }),
      ...(pipeline.executor === undefined ? {} : { executor: pipeline.executor }),
      ...(pipeline.executors.size === 0 ? {} : { executors: Object.fromEntries(pipeline.executors) }),
      ...(pipeline.tracking.length === 0 ? {} : { tracking: pipeline.tracking }),
      instances,
      needs,
      ...(lists.length === 0
        ? {}
        : { lists: lists.map(({ instance, out, digest }) => ({ instance, out, digest })), listed: open }),
      ...(left.size === 0 ? {} : { leftOut: [...left].flatMap(leftInstances) }),
      ...(best && { best }),
    },
    faults: [...faults.values()].map(once),
    loose,
  };
}

/** Faults with one code at one place are one fault of many instances. */
interface Repeated {
  readonly fault: Fault;
  more: number;
}

function once({ fault, more }: Repeated): Fault {
  if (more === 0) return fault;
  return {
    ...fault,
    notes: [
      ...(fault.notes ?? []),
      { message: more === 1 ? 'the same for one more instance' : `the same for ${more} more instances` },
    ],
  };
}

interface StageEdge extends Edge {
  readonly at: Range;
}

const listedInstances = (
  stage: string,
  { axes, lists, isKnown }: ListedCells,
  pending: PlanScope['pending'],
): ListedInstances => ({
  ...named(stage, labelsOf(axes)),
  after: plannedProducers(lists, pending),
  isKnown: isKnown && !lists.some((list) => pending.has(list)),
});

/**
 * Instances that make lists; those that wait for lists themselves are replaced by the instances that make
 * those.
 */
const plannedProducers = (
  lists: Iterable<InstanceId>,
  pending: PlanScope['pending'],
): readonly InstanceId[] => [...new Set([...lists].flatMap((list) => pending.get(list) ?? [list]))];

const leftInstances = ([stage, cells]: readonly [string, readonly LeftCell[]]): readonly LeftInstance[] =>
  cells.map(({ name: { id }, axes, condition }) => ({
    id,
    stage,
    labels: Object.fromEntries([...axes].map(([axis, { label }]) => [axis, label])),
    condition,
  }));

const labelsOf = (axes: ListedCells['axes']): ListedInstances['labels'] =>
  Object.fromEntries([...axes].map(([axis, value]) => [axis, value?.label ?? null]));

const named = (
  stage: string,
  labels: ListedInstances['labels'],
): Pick<ListedInstances, 'stage' | 'name' | 'labels'> => ({
  stage,
  name:
    Object.keys(labels).length === 0
      ? stage
      : `${stage}[${Object.values(labels)
          .map((label) => (label === null ? '*' : axisName(label)))
          .join(',')}]`,
  labels,
});

/** A cell in place of all that a list will give: its values are unknown. */
function sampleCell(stage: Stage, { axes, lists }: ListedCells): Cell {
  const at = stage.at;
  const node = { kind: 'broken', at } as const;
  const any = { node, bare: node, value: null, bareValue: null, identity: '', label: '*', name: '*' };
  return {
    axes: new Map([...axes].map(([axis, value]) => [axis, value ?? any])),
    name: instanceName(
      stage.name,
      [...axes.values()].map((value) => value?.name ?? '*'),
    ),
    at,
    lists,
  };
}

/**
 * What a stage's deps need, and its matrix. (An instance cannot need another of its own stage: they would
 * have to agree on every axis.)
 */
const edgesOf = (stage: Stage | undefined, producers: readonly Located<string>[]): readonly StageEdge[] =>
  [
    ...[...(stage?.deps.values() ?? [])].flatMap((dep) => (dep.kind === 'from' ? [dep.stage] : [])),
    ...producers,
  ].map(({ value, at }) => ({ from: stage?.name ?? '', to: value, at }));

function cycleFault(edges: readonly StageEdge[]): Diagnostic {
  const last = edges.at(-1);
  return {
    severity: 'error',
    code: 'cycle',
    message:
      edges.length === 1
        ? `${last?.from} depends on itself`
        : `these stages depend on each other: ${cycleText(edges)}`,
    ...(last === undefined ? {} : { at: last.at }),
    notes: edges
      .slice(0, -1)
      .slice(0, 10)
      .map(({ from, to, at }) => ({ message: `${from} depends on ${to}`, at })),
  };
}

function needsOf({ deps }: Instance): readonly InstanceId[] {
  const needs = Object.values(deps).flatMap((dep) =>
    dep.kind === 'out'
      ? [dep.instance]
      : dep.kind === 'gather'
        ? dep.members.map(({ instance }) => instance)
        : [],
  );
  return [...new Set(needs)];
}
