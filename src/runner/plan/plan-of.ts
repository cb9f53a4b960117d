import type { Diagnostic, Fault, Range, Report } from '../diagnostic.ts';
import type { InstanceId } from '../identity.ts';
import { limits } from '../pipeline-file/yaml/guard.ts';
import type { Pipeline, Stage } from '../pipeline-file/pipeline.ts';
import { bestOf } from './best-of.ts';
import { cellsOf } from './expand/cells.ts';
import { checkPaths } from './check-paths.ts';
import { cycleText, dependencyOrder, type Edge } from './dependency-order.ts';
import type { Instance, Plan } from './instance.ts';
import { type LooseDependency, looseDependencies, type PlanScope } from './expand/settle-dependency.ts';
import { settleInstance } from './expand/settle-instance.ts';

export interface Planned {
  /** Whole only where there are no faults. */
  readonly plan: Plan;
  readonly faults: readonly Fault[];
  /** What stages with faults read. */
  readonly loose: readonly LooseDependency[];
}

/**
 * The graph of a pipeline: every cell of every matrix with its references settled and its deps joined. All
 * faults are collected; one that many instances share is told once. Takes time in proportion to instances and
 * edges.
 */
export function planOf(pipeline: Pipeline): Planned {
  const faults = new Map<string, Repeated>();
  const report: Report = (fault) => {
    const place = `${fault.code} ${fault.at?.file} ${fault.at?.offset}`;
    const same = faults.get(place);
    if (same === undefined) faults.set(place, { fault, more: 0 });
    else same.more++;
  };
  const { order, cycles } = dependencyOrder(pipeline.stages.keys(), (name) =>
    edgesOf(pipeline.stages.get(name)),
  );
  for (const cycle of cycles) report(cycleFault(cycle));
  const cells = cellsOf(pipeline, report);
  const scope: PlanScope = {
    pipeline,
    cells,
    joins: new Map(),
    sizes: new Map(),
    budget: { edges: limits.edges, values: 2 * limits.values },
    report,
  };
  const instances = order.flatMap((name) => {
    const stage = pipeline.stages.get(name);
    return stage === undefined
      ? []
      : (cells.get(name) ?? []).flatMap((cell) => settleInstance(stage, cell, scope) ?? []);
  });
  const best = bestOf(pipeline, cells, report);
  const loose = looseDependencies(pipeline, report);
  checkPaths(instances, pipeline.file, report);
  const needs = new Map(instances.map((instance) => [instance.id, needsOf(instance)]));
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

/**
 * What a stage's deps need. (An instance cannot need another of its own stage: they would have to agree on
 * every axis.)
 */
const edgesOf = (stage: Stage | undefined): readonly StageEdge[] =>
  [...(stage?.deps.values() ?? [])].flatMap((dep) =>
    dep.kind === 'from' ? [{ from: stage?.name ?? '', to: dep.stage.value, at: dep.stage.at }] : [],
  );

function cycleFault(edges: readonly StageEdge[]): Diagnostic {
  const last = edges.at(-1);
  return {
    severity: 'error',
    code: 'cycle',
    message:
      edges.length === 1 ? `${last?.from} needs itself` : `these stages need each other: ${cycleText(edges)}`,
    ...(last === undefined ? {} : { at: last.at }),
    notes: edges
      .slice(0, -1)
      .slice(0, 10)
      .map(({ from, to, at }) => ({ message: `${from} needs ${to}`, at })),
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
