import type { Diagnostic, Fault, Located, Names, Range, Report } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import { limits } from '../../pipeline-file/yaml/guard.ts';
import type { Lookup } from '../../pipeline-file/vars/interpolate.ts';
import type { Node } from '../../pipeline-file/yaml/node.ts';
import type { Pipeline, Stage, StageDependency } from '../../pipeline-file/pipeline.ts';
import { isGlob, unescapedPath } from '../../pipeline-file/glob.ts';
import { projectPath } from '../../pipeline-file/project-path.ts';
import { parseHubName } from '../../wording/hub-name.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { type Cell, couldAgree, type ListedCells } from './cell.ts';
import type { Dependency, GatherMember } from '../instance.ts';
import { joinOn, type Join } from './join.ts';
import { type LeftCell, leftOutFault } from './kept-cells.ts';
import { resolvePattern } from './resolve-text.ts';

/** What settling a dep needs to know of the whole pipeline. */
export interface PlanScope {
  readonly pipeline: Pipeline;
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  readonly listed: ReadonlyMap<string, readonly ListedCells[]>;
  readonly left: ReadonlyMap<string, readonly LeftCell[]>;
  readonly joins: Map<string, Join>;
  /** On the cells that are left out. */
  readonly leftJoins: Map<string, Join<LeftCell>>;
  /** What the plan may still grow by. */
  readonly budget: { edges: number; values: number };
  /** How many values nodes are when written out: many instances share them. */
  readonly sizes: Map<Node, number>;
  readonly report: Report;
  /** Cells that wait for lists, by the instance that they will be, and the instances that make those. */
  readonly pending: ReadonlyMap<InstanceId, readonly InstanceId[]>;
  /** Findings about the instance that is being resolved. */
  readonly lists: ListNeeds;
}

/** The lists that an instance depends on. */
export interface ListNeeds {
  /** Instances that make lists whose content decides what the instance reads. */
  readonly known: Set<InstanceId>;
  /** The same, where they have not made them yet. */
  readonly awaited: Set<InstanceId>;
  /** Whether the axes of the cell are unknown: then nothing is joined. */
  readonly isSample: boolean;
}

/** What a dep of an instance reads. Undefined where it has a fault: reported. */
export function resolveDependency(
  dep: StageDependency,
  name: string,
  cell: Cell,
  lookup: Lookup,
  scope: PlanScope,
): Dependency | undefined {
  if (dep.kind === 'from') return resolveJoin(dep, name, cell, scope);
  const path = resolvePattern(dep.path, lookup, scope.report);
  if (path === undefined) return undefined;
  if (path.startsWith('hf:')) return hubDependency(path, dep, scope.report);
  const more = {
    ignore: dep.ignore,
    ...(dep.optional ? { optional: true as const } : {}),
    ...(dep.hint === undefined ? {} : { hint: dep.hint }),
  };
  if (dep.external) return externalDependency(path, more, dep.path.at, scope.report);
  const inside = projectPath(path);
  if (inside.ok) return fileDependency(inside.value, { external: false, ...more, at: dep.path.at });
  return void scope.report({
    severity: 'error',
    code: 'bad-path',
    message: inside.error,
    at: dep.path.at,
    help: 'a file outside the project is read with { path: …, external: true }',
  });
}

type FileFields = Omit<Extract<Dependency, { readonly kind: 'path' }>, 'kind' | 'path'>;

/** A path that holds a wildcard means the files that it matches; any other is one file or folder. */
const fileDependency = (path: string, fields: FileFields): Dependency =>
  isGlob(path)
    ? { kind: 'glob', pattern: path, ...fields }
    : { kind: 'path', path: unescapedPath(path), ...fields };

function externalDependency(
  path: string,
  more: Omit<FileFields, 'external' | 'at'>,
  at: Range,
  report: Report,
): Dependency | undefined {
  if (path !== '' && !path.includes('\0')) return fileDependency(path, { external: true, ...more, at });
  return void report({ severity: 'error', code: 'bad-path', message: 'an external dep needs a path', at });
}

/** Without a revision the content could change without a trace. */
function hubDependency(
  text: string,
  { at, optional }: Extract<StageDependency, { readonly kind: 'path' }>,
  report: Report,
): Dependency | undefined {
  if (optional)
    return void report({
      severity: 'error',
      code: 'bad-optional',
      message: `${JSON.stringify(text.slice(0, 80))} is downloaded when missing, so it cannot be optional`,
      at,
      help: 'remove optional; only files and folders can be optional',
    });
  const named = parseHubName(text);
  if (named !== undefined) return { kind: 'hub', ...named, at };
  return void report({
    severity: 'error',
    code: 'bad-hub-name',
    message:
      `${JSON.stringify(text.slice(0, 100))} names nothing of the Hugging Face hub: expected ` +
      'hf:owner/name@revision, or hf:datasets/owner/name@revision/path',
    at,
    help:
      'the revision is a commit, or a branch or tag that pipeline.lock pins to a commit: ' +
      'hf:google/mt5-base@main',
  });
}

/** The stage that a dep reads from, where it has the out that is named. Undefined where not: reported. */
function joinedStage(
  dep: Extract<StageDependency, { readonly kind: 'from' }>,
  pipeline: Pipeline,
  report: Report,
): Stage | undefined {
  const source = pipeline.stages.get(dep.stage.value);
  if (source === undefined) {
    if (pipeline.broken.has(dep.stage.value)) return undefined;
    return void report({
      ...unknownName(
        'unknown-stage',
        `there is no stage ${JSON.stringify(dep.stage.value)}`,
        dep.stage,
        pipeline.stages,
      ),
    });
  }
  if (!source.outs.has(dep.out.value))
    return void report({
      ...unknownName(
        'unknown-out',
        `the stage ${source.name} has no out ${JSON.stringify(dep.out.value)}`,
        dep.out,
        source.outs,
      ),
      notes: [{ message: `${source.name} is declared here`, at: source.at }],
    });
  return source;
}

function resolveJoin(
  dep: Extract<StageDependency, { readonly kind: 'from' }>,
  name: string,
  cell: Cell,
  scope: PlanScope,
): Dependency | undefined {
  const { pipeline, cells, listed, joins, budget, report, pending, lists } = scope;
  const source = joinedStage(dep, pipeline, report);
  if (source === undefined || lists.isSample) return undefined;
  const candidates = cells.get(source.name);
  if (candidates === undefined) return undefined;
  const join = joins.get(source.name) ?? joinOn(candidates);
  joins.set(source.name, join);
  const matches = join(cell.axes);
  const [only, second] = matches;
  const parts = dep.gather || only === undefined ? (listed.get(source.name) ?? []) : [];
  const open = parts.filter((part) => couldAgree(part, cell.axes));
  const awaited = [
    ...open.flatMap((part) =>
      part.isKnown && !part.lists.some((list) => pending.has(list)) ? [] : part.lists,
    ),
    ...matches.flatMap((match) => pending.get(match.name.id) ?? []),
  ];
  for (const list of awaited) lists.awaited.add(list);
  if (awaited.length > 0) return undefined;
  for (const list of open.flatMap((part) => part.lists)) lists.known.add(list);
  if (only === undefined && (open.length === 0 || !dep.gather))
    return void report(leftOut(dep, name, cell, source, scope) ?? unmatched(dep, name, cell, candidates));
  budget.edges -= dep.gather ? matches.length : 1;
  if (budget.edges < 0)
    return void report({
      severity: 'error',
      code: 'too-large',
      message: `with this dep the pipeline has more than ${limits.edges} dependencies between instances`,
      at: dep.at,
    });
  if (dep.gather)
    return { kind: 'gather', members: matches.map((match) => memberOf(match, dep.out.value)), at: dep.at };
  if (only === undefined) return undefined;
  if (second === undefined) return { kind: 'out', instance: only.name.id, out: dep.out.value, at: dep.at };
  return void report({
    severity: 'error',
    code: 'many-matches',
    message:
      `the dep ${name} of ${cell.name.id} matches ${matches.length} ` +
      `instances of ${source.name}: ${idsOf(matches)}`,
    at: dep.at,
    help: 'use `gather: true` to read all of them, or give the stage the axes in which they differ',
  });
}

const unknownName = (code: string, message: string, { value, at }: Located<string>, known: Names): Fault => ({
  severity: 'error',
  code,
  message,
  at,
  misspelt: { name: value, known },
});

/** Where the instances that agree with a cell are left out, or the stage has none. */
function leftOut(
  { at }: StageDependency,
  name: string,
  cell: Cell,
  source: Stage,
  { cells, left, leftJoins }: PlanScope,
): Fault | undefined {
  const join = leftJoins.get(source.name) ?? joinOn(left.get(source.name) ?? []);
  leftJoins.set(source.name, join);
  const found = join(cell.axes);
  return found.length > 0 || cells.get(source.name)?.length === 0
    ? leftOutFault(`the dep ${name} of ${cell.name.id} reads`, at, found, source)
    : undefined;
}

function unmatched(
  dep: Extract<StageDependency, { kind: 'from' }>,
  name: string,
  cell: Cell,
  candidates: readonly Cell[],
): Diagnostic {
  const shared = [...cell.axes].filter(([axis]) => candidates.some(({ axes }) => axes.has(axis)));
  const wanted = shared.map(([axis, { label }]) => `${axis} = ${label}`).join(' and ');
  return {
    severity: 'error',
    code: 'no-match',
    message:
      `the dep ${name} of ${cell.name.id} needs an instance of ${dep.stage.value} with ${wanted}: ` +
      `there are ${idsOf(candidates)}`,
    at: dep.at,
    notes: [{ message: 'the axes come from here', at: cell.at }],
    help: 'axes of the same name must have equal values; maps are compared as a whole, with the label',
  };
}

const idsOf = (cells: readonly Cell[]): string =>
  joinFirst(
    cells.slice(0, 10).map(({ name }) => name.id),
    10,
    { total: cells.length },
  );

/** A member with its axes, sorted by name, maps with theirs: what gathers it may show them. */
const memberOf = ({ axes, name }: Cell, out: string): GatherMember => ({
  instance: name.id,
  out,
  axes: Object.fromEntries(
    [...axes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([axis, { value }]) => [axis, value]),
  ),
});

/**
 * Of a stage with faults: whether its deps on other stages have what they name, and those on paths that hold
 * no reference.
 */
export function looseDependencies(pipeline: Pipeline, report: Report): readonly LooseDependency[] {
  return [...pipeline.brokenDeps.values()].flat().flatMap((dep): readonly LooseDependency[] => {
    if (dep.kind === 'from') {
      joinedStage(dep, pipeline, report);
      return [];
    }
    const { external, optional, hint, path: written } = dep;
    const pattern = written.pattern ?? written.text;
    if (written.parts === null && !pattern.startsWith('hf:') && !isGlob(pattern)) {
      const inside = projectPath(pattern);
      const path = external ? pattern : inside.ok ? inside.value : undefined;
      if (path !== undefined)
        return [{ path: unescapedPath(path), external, optional, hint, at: written.at }];
    }
    return [];
  });
}

/** A path that a stage with faults reads. */
export interface LooseDependency {
  readonly path: string;
  readonly external: boolean;
  readonly optional?: boolean;
  readonly hint: string | undefined;
  readonly at: Range;
}
