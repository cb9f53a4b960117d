import type { Located, Range, Report } from '../../diagnostic.ts';
import { expandedSize, limits } from '../../pipeline-file/yaml/guard.ts';
import { interpolate, type Lookup } from '../../pipeline-file/vars/interpolate.ts';
import { valueOf, type MapNode, type Node, type ScalarNode } from '../../pipeline-file/yaml/node.ts';
import type { Stage, StageOut } from '../../pipeline-file/pipeline.ts';
import { outPathFault, projectPath } from '../../pipeline-file/project-path.ts';
import type { Deferred } from '../../pipeline-file/shapes/shape.ts';
import type { Cell } from './cell.ts';
import { cellLookup } from './cell-lookup.ts';
import { argvWords, shellWords, type CommandScope } from '../command/command.ts';
import { type Instance, isMany, type Out, type Program } from '../instance.ts';
import { instanceFolder } from '../instance-name.ts';
import { resolveDependency, type PlanScope } from './resolve-dependency.ts';
import { resolvePattern, resolveText } from './resolve-text.ts';

/**
 * The instance of a cell, with every reference replaced by its value. Undefined where one has a fault:
 * reported.
 */
export function resolveInstance(stage: Stage, cell: Cell, scope: PlanScope): Instance | undefined {
  const { pipeline, report } = scope;
  const lookup = cellLookup(cell, pipeline);
  const folder = instanceFolder(pipeline.name, stage.name, cell.name);
  const params = stage.params === undefined ? undefined : resolveParams(stage.params, lookup, scope);
  const deps = resolveMembers(stage.deps, (dep, name) => resolveDependency(dep, name, cell, lookup, scope));
  const outs = resolveMembers(stage.outs, (out) => resolveOut(out, folder, lookup, report));
  const program = resolveProgram(stage, params?.kind === 'map' ? params : undefined, deps, lookup, report);
  const deferredOr = <T>(value: Deferred<Located<T>> | undefined, otherwise: T): Located<T> | undefined =>
    value === undefined ? { value: otherwise, at: stage.at } : resolveDeferred(value, lookup, report);
  const cpus = deferredOr(stage.resources.cpus, 1);
  const gpus = deferredOr(stage.resources.gpus, 0);
  const memory = deferredOr(stage.resources.memory, 0);
  const time = stage.resources.time && resolveDeferred(stage.resources.time, lookup, report);
  const executor = stage.executor && resolveDeferred(stage.executor, lookup, report);
  const timeout = deferredOr<number | null>(stage.timeout, null);
  const retries = deferredOr(stage.retries, 0);
  if (
    deps === undefined ||
    outs === undefined ||
    program === undefined ||
    (stage.params !== undefined && params === undefined)
  )
    return undefined;
  if (
    cpus === undefined ||
    gpus === undefined ||
    memory === undefined ||
    timeout === undefined ||
    retries === undefined ||
    (stage.resources.time !== undefined && time === undefined) ||
    (stage.executor !== undefined && executor === undefined)
  )
    return undefined;
  return {
    id: cell.name.id,
    stage: stage.name,
    axes: Object.fromEntries([...cell.axes].map(([name, { bareValue }]) => [name, bareValue])),
    labels: Object.fromEntries([...cell.axes].map(([name, { label }]) => [name, label])),
    folder,
    program,
    params:
      params?.kind === 'map'
        ? Object.fromEntries(sorted(params.entries).map(([name, { value }]) => [name, valueOf(value)]))
        : {},
    ...rangesOf(params, stage.at),
    deps,
    outs,
    env: stage.env.map(({ value }) => value).sort(),
    passEnv: stage.passEnv.map(({ value }) => value).sort(),
    resources: {
      cpus: cpus.value,
      gpus: gpus.value,
      memory: memory.value,
      ...(time === undefined ? {} : { time: time.value }),
    },
    resourceRanges: { cpus: cpus.at, gpus: gpus.at, memory: memory.at },
    ...(executor === undefined ? {} : { executor }),
    timeout: timeout.value,
    retries: retries.value,
    cache: stage.cache,
    ...(stage.frozen === undefined ? {} : { frozen: stage.frozen }),
    push: stage.push,
    description: stage.description,
    at: cell.at,
  };
}

/**
 * The params with their references resolved, as long as all params of all instances together stay within
 * reason.
 */
function resolveParams(
  params: MapNode,
  lookup: Lookup,
  { budget, sizes, report }: PlanScope,
): Node | undefined {
  const value = interpolate(params, lookup, report);
  if (value === undefined) return undefined;
  budget.values -= expandedSize(value, sizes);
  return budget.values >= 0
    ? value
    : void report({
        severity: 'error',
        code: 'too-large',
        message: `with these params the instances of the pipeline have more than ${2 * limits.values} values`,
        at: params.at,
        help: 'keep data in files and declare them as deps',
      });
}

/** All members resolved, sorted by name: nothing about them depends on their order in the YAML. */
function resolveMembers<T, U>(
  members: ReadonlyMap<string, T>,
  of: (member: T, name: string) => U | undefined,
): Readonly<Record<string, U>> | undefined {
  const results = sorted(members).map(([name, member]): readonly [string, U | undefined] => [
    name,
    of(member, name),
  ]);
  const whole = results.flatMap(([name, value]): readonly (readonly [string, U])[] =>
    value === undefined ? [] : [[name, value]],
  );
  return whole.length < results.length ? undefined : Object.fromEntries(whole);
}

const sorted = <T>(entries: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

function resolveDeferred<T>(
  { now, node, shape }: Deferred<T>,
  lookup: Lookup,
  report: Report,
): T | undefined {
  if (now !== undefined) return now;
  const value = interpolate(node, lookup, report);
  return value && shape.read(value, report);
}

function resolveOut(out: StageOut, folder: string, lookup: Lookup, report: Report): Out | undefined {
  const text = resolveText(out.path, lookup, report);
  if (text === undefined) return undefined;
  const path = projectPath(text);
  const fault = path.ok ? outPathFault(path.value) : path.error;
  if (!path.ok || fault !== undefined)
    return void report({
      severity: 'error',
      code: 'bad-path',
      message: fault ?? '',
      at: out.path.at,
      help: out.workspace
        ? 'the path of an out starts at the project root'
        : 'the path of an out starts at the folder of its instance',
    });
  return {
    path: out.workspace ? path.value : `${folder}/${path.value}`,
    declared: path.value,
    kind: out.kind,
    workspace: out.workspace,
    push: out.push,
    temp: out.temp,
    at: out.path.at,
  };
}

function resolveProgram(
  stage: Stage,
  params: MapNode | undefined,
  resolvedDeps: Instance['deps'] | undefined,
  lookup: Lookup,
  report: Report,
): Program | undefined {
  const { program } = stage;
  if (program.kind === 'uses') return { kind: 'uses', path: program.path.value, at: program.path.at };
  const deps = new Map(
    [...stage.deps].map(([name, dep]) => {
      const known = resolvedDeps?.[name];
      return [name, { isMany: known === undefined ? dep.kind === 'from' && dep.gather : isMany(known) }];
    }),
  );
  const scope: CommandScope = { lookup, params, deps, outs: new Set(stage.outs.keys()), report };
  const words = program.kind === 'argv' ? argvWords(program.words, scope) : shellWords(program.line, scope);
  const code = program.code.map((node) => resolveCode(node, lookup, report));
  const whole = code.filter((path) => path !== undefined);
  if (words === undefined || whole.length < code.length) return undefined;
  const { at } = program;
  return program.kind === 'argv'
    ? { kind: 'argv', words, code: whole, at, executableAt: program.words[0]?.at ?? at }
    : { kind: 'shell', shell: program.shell, words, code: whole, at };
}

/** A pattern of paths; only what is written in its place is a wildcard. */
function resolveCode(node: ScalarNode, lookup: Lookup, report: Report): Located<string> | undefined {
  const text = resolvePattern(node, lookup, report);
  if (text === undefined) return undefined;
  const path = projectPath(text);
  return path.ok
    ? { value: path.value, at: node.at }
    : void report({ severity: 'error', code: 'bad-path', message: path.error, at: node.at });
}

/** The position of each param and of its name, by JSON pointer (RFC 6901). */
function rangesOf(params: Node | undefined, at: Range): Pick<Instance, 'paramRanges' | 'paramNameRanges'> {
  const ranges: [string, Range][] = [];
  const names: [string, Range][] = [];
  const visit = (node: Node, pointer: string): void => {
    ranges.push([pointer, node.at]);
    if (node.kind === 'list')
      for (const [index, item] of node.items.entries()) visit(item, `${pointer}/${index}`);
    if (node.kind !== 'map') return;
    for (const [name, { key, value }] of node.entries) {
      const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      names.push([place, key]);
      visit(value, place);
    }
  };
  if (params === undefined) return { paramRanges: { '': at }, paramNameRanges: {} };
  visit(params, '');
  return { paramRanges: Object.fromEntries(ranges), paramNameRanges: Object.fromEntries(names) };
}
