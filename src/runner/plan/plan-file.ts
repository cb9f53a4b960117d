import type { Result } from '../../result.ts';
import type { Diagnostic, Fault } from '../diagnostic.ts';
import { limits } from '../pipeline-file/yaml/guard.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import { parsePipeline } from '../pipeline-file/parse-pipeline.ts';
import type { SourceRequest } from '../pipeline-file/source-request.ts';
import type { Plan } from './instance.ts';
import { planOf } from './plan-of.ts';
import type { LooseDependency } from './expand/resolve-dependency.ts';

export interface PlannedFile {
  /** The plan, or every fault of the file, of the files that it extends, and of the command line. */
  readonly result: Result<Plan, readonly Diagnostic[]>;
  /** If there are faults: the part of the plan without any. */
  readonly sound?: Plan;
  /** And what the stages with faults read. */
  readonly loose?: readonly LooseDependency[];
  /**
   * Why a sound plan does not contain the instances that its current lists would give: those that make the
   * lists can still run.
   */
  readonly listFaults?: readonly Diagnostic[];
  /** Legal, but probably a mistake. */
  readonly warnings: readonly Diagnostic[];
  /** The texts that ranges point into, by the name of their file. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * From a pipeline file to its graph: everything about it that can be known without looking at any other file.
 */
export function planFile(request: SourceRequest): PlannedFile {
  const { pipeline, faults, warnings: ofVars, sources } = parsePipeline(request);
  if (pipeline === undefined)
    return { result: { ok: false, error: withSuggestions(faults) }, warnings: ofVars, sources };
  const planned = planOf(pipeline, request.readList);
  const warnings = [...ofVars, ...withSuggestions(planned.faults.filter(isWarning))];
  const all = [...faults, ...planned.faults.filter((fault) => !isWarning(fault))];
  if (all.length === 0) return { result: { ok: true, value: planned.plan }, warnings, sources };
  const { lists = [] } = planned.plan;
  if (faults.length === 0 && lists.some(({ digest }) => digest !== null)) {
    const without = planOf(pipeline);
    if (without.faults.every(isWarning))
      return {
        result: { ok: true, value: { ...without.plan, lists } },
        listFaults: withSuggestions(inOrder(all)),
        warnings,
        sources,
      };
  }
  return {
    result: { ok: false, error: withSuggestions(inOrder(all)) },
    sound: planned.plan,
    loose: planned.loose,
    warnings,
    sources,
  };
}

const isWarning = ({ severity }: Fault): boolean => severity === 'warning';

/** As many as anyone reads, each with the nearest name, and how many more there are. */
function withSuggestions(faults: readonly Fault[]): readonly Diagnostic[] {
  let comparisons: number = limits.comparisons;
  const first = faults.slice(0, limits.reported).map(({ misspelt, ...fault }): Diagnostic => {
    comparisons -= misspelt?.known.size ?? 0;
    const suggestion =
      misspelt === undefined || comparisons < 0 ? undefined : nearest(misspelt.name, misspelt.known.keys());
    return suggestion === undefined ? fault : { ...fault, suggestion };
  });
  if (faults.length <= limits.reported) return first;
  return [
    ...first,
    {
      severity: 'error',
      code: 'more-faults',
      message: `there are ${faults.length - limits.reported} more faults`,
    },
  ];
}

/** In the order of the text, files in the order in which they were first read. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const files = [...new Set(faults.map(({ at }) => at?.file))];
  return [...faults].sort(
    (a, b) =>
      files.indexOf(a.at?.file) - files.indexOf(b.at?.file) || (a.at?.offset ?? 0) - (b.at?.offset ?? 0),
  );
}
