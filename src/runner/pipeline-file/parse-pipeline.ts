import type { Diagnostic, Fault, Range, Report } from '../diagnostic.ts';
import { noteUnquoted } from './note-unquoted.ts';
import { readSource } from './read-source.ts';
import type { SourceRequest } from './source-request.ts';
import { expandedSize, limits, tooLarge } from './yaml/guard.ts';
import type { Lookup } from './vars/interpolate.ts';
import { mapNode, type MapNode, type Node } from './yaml/node.ts';
import type { Pipeline, SharedCacheFields, Stage, StageDependency, StageProgram } from './pipeline.ts';
import { bestShape } from './shapes/best-shape.ts';
import { dependencyShape } from './shapes/dependency-shape.ts';
import { pipelineShape } from './shapes/pipeline-shape.ts';
import { stageShape, type StageFields } from './shapes/stage-shape.ts';
import { badName, namePattern, type Of } from './shapes/shape.ts';
import { withSearch } from './shapes/search-shape.ts';
import { foldedPath } from './project-path.ts';
import { varsLookup, withVars } from './vars/vars.ts';

/** A pipeline file as far as it can be understood. */
interface Parsed {
  /**
   * Undefined if not even its stages could be read. Stages with faults are left out and named in `broken`.
   */
  readonly pipeline: Pipeline | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Diagnostic[];
  /** The texts that ranges point into, by the name of their file: for printing faults. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads a pipeline file: the files that it extends, `--set`, vars, and the shape of everything. All faults
 * are collected; references to axes, deps and outs are resolved by the plan.
 */
export function parsePipeline(request: SourceRequest): Parsed {
  const faults: Fault[] = [];
  const report: Report = (fault) => void faults.push(noteUnquoted(fault, request.overrides));
  const { root, sources, warnings } = readSource(request, report);
  const pipeline = root && readPipeline(root, request.file, report);
  return { pipeline, faults, warnings, sources };
}

function readPipeline(root: Node, file: string, report: Report): Pipeline | undefined {
  const fields = pipelineShape.read(root, report);
  const stagesNode = fields?.stages ?? (root.kind === 'map' ? root.entries.get('stages')?.value : undefined);
  const varsNode = root.kind === 'map' ? root.entries.get('vars')?.value : undefined;
  // Of vars with a fault of their own, what refers to them is not judged.
  const vars =
    varsNode === undefined || varsNode.kind === 'map' ? varsLookup(varsNode, report) : () => undefined;
  if (stagesNode?.kind !== 'map') return undefined;
  const bestNode = root.kind === 'map' ? root.entries.get('best')?.value : undefined;
  const best = bestNode && withVars(bestNode, vars, report);
  const { stages, broken, brokenDeps } = readStages(
    stagesNode,
    vars,
    fields?.shell?.value ?? defaultShell,
    report,
  );
  return {
    name: fields?.name?.value ?? fileName(file),
    file,
    sharedCache: fields?.cache && sharedCacheFields(fields.cache),
    vars,
    best: best && { node: best, fields: bestShape.read(best, report) },
    executor: fields?.executor,
    executors: fields?.executors ?? new Map(),
    tracking: fields?.tracking ?? [],
    stages,
    broken,
    brokenDeps,
  };
}

const sharedCacheFields = ({
  remote,
  read,
  write,
  project,
  trust,
}: NonNullable<Of<typeof pipelineShape>['cache']>): SharedCacheFields => ({
  remote: remote?.value,
  read: read?.value,
  write: write?.value,
  project: project?.value,
  trust: trust?.map(({ value }) => value),
});

/** The name that a pipeline has by its file. */
const fileName = (file: string): string => (file.split('/').at(-1) ?? file).replace(/\.ya?ml$/i, '');

/** The first command that fails ends the line. */
const defaultShell = ['/bin/sh', '-e', '-c'];

function readStages(
  node: MapNode,
  vars: Lookup,
  shell: readonly string[],
  report: Report,
): Pick<Pipeline, 'stages' | 'broken' | 'brokenDeps'> {
  const stages = new Map<string, Stage>();
  const broken = new Set<string>();
  const brokenDeps = new Map<string, readonly StageDependency[]>();
  const folded = new Map<string, { readonly name: string; readonly key: Range }>();
  const sizes = new Map<Node, number>();
  let total = 0;
  for (const [name, { key, value }] of node.entries) {
    const resolved = withVarsInStage(value, vars, report);
    total += resolved === undefined ? 0 : expandedSize(resolved, sizes);
    if (total > limits.values) {
      report(tooLarge(key.file, `its vars expand to more than ${limits.values} values`, key.offset));
      break;
    }
    const other = folded.get(foldedPath(name));
    if (!namePattern.test(name)) report(badName(name, key));
    else if (other !== undefined)
      report({
        severity: 'error',
        code: 'same-name',
        message:
          `the stages ${JSON.stringify(other.name)} and ${JSON.stringify(name)} would share a folder ` +
          'where file systems ignore case',
        at: key,
        notes: [{ message: 'the other is here', at: other.key }],
      });
    folded.set(foldedPath(name), { name, key });
    const fields = resolved && stageShape.read(resolved, report);
    const stage = fields && namePattern.test(name) ? toStage(name, key, fields, shell, report) : undefined;
    if (stage === undefined) {
      broken.add(name);
      brokenDeps.set(name, readableDeps(resolved));
    } else stages.set(name, stage);
  }
  return { stages, broken, brokenDeps };
}

/** The deps of a stage with faults that have none themselves: theirs were reported. */
function readableDeps(node: Node | undefined): readonly StageDependency[] {
  const deps = node?.kind === 'map' ? node.entries.get('deps')?.value : undefined;
  return deps?.kind === 'map'
    ? [...deps.entries.values()].flatMap(({ value }) => dependencyShape.read(value, () => undefined) ?? [])
    : [];
}

/**
 * A command line keeps its references, since their values are quoted for the shell; a reference to a list is
 * the command as a list.
 */
function withVarsInStage(node: Node, vars: Lookup, report: Report): Node | undefined {
  if (node.kind !== 'map') return withVars(node, vars, report);
  const command = node.entries.get('cmd');
  if (command?.value.kind !== 'scalar') return withVars(node, vars, report);
  const resolvedCommand = withVars(command.value, vars, () => undefined);
  if (resolvedCommand?.kind === 'list') return withVars(node, vars, report);
  const others = new Map([...node.entries].filter(([name]) => name !== 'cmd'));
  const resolved = withVars(mapNode(others, node.at), vars, report);
  return resolved?.kind === 'map'
    ? mapNode(new Map([...resolved.entries, ['cmd', command]]), node.at)
    : resolved;
}

function toStage(
  name: string,
  at: Range,
  fields: StageFields,
  shell: readonly string[],
  report: Report,
): Stage | undefined {
  const program = toProgram(name, at, fields, shell, report);
  const env = fields.env ?? [];
  const passEnv = fields.passEnv ?? [];
  const both = passEnv.find(({ value }) => env.some((hashed) => hashed.value === value));
  if (both !== undefined)
    report({
      severity: 'error',
      code: 'env-twice',
      message: `${both.value} is in both env (part of the key) and passEnv (not part of the key)`,
      at: both.at,
    });
  const matrix = withSearch(
    fields.matrix ?? [{ from: undefined, axes: new Map(), at }],
    fields.search,
    report,
  );
  const frozen = fields.frozen?.value === true ? fields.frozen.at : undefined;
  const isUnkept = frozen !== undefined && fields.cache?.value === false;
  if (isUnkept)
    report({
      severity: 'error',
      code: 'frozen-uncached',
      message: `the stage ${name} is frozen, but with \`cache: false\` no result of it is kept`,
      at: frozen,
      help: 'leave one of them out',
    });
  const temp = fields.cache?.value === false ? tempOut(fields) : undefined;
  if (temp !== undefined)
    report({
      severity: 'error',
      code: 'bad-temp',
      message: `an out of ${name} has \`temp: true\`, but with \`cache: false\` no result of the stage is kept`,
      at: temp.at,
      help: 'leave one of them out',
    });
  if (program === undefined || both !== undefined || matrix === undefined || isUnkept || temp !== undefined)
    return undefined;
  return {
    name,
    at,
    description: fields.description?.value ?? '',
    matrix,
    when: fields.when,
    program,
    params: fields.params,
    deps: unkeyed(fields.deps),
    outs: unkeyed(fields.outs),
    env,
    passEnv,
    resources: {
      cpus: fields.resources?.cpus,
      gpus: fields.resources?.gpus,
      memory: fields.resources?.memory,
      time: fields.resources?.time,
    },
    executor: fields.executor,
    timeout: fields.timeout,
    retries: fields.retries,
    cache: fields.cache?.value ?? true,
    frozen,
    push: fields.push?.value ?? true,
  };
}

const tempOut = ({ outs }: StageFields) => [...unkeyed(outs).values()].find(({ temp }) => temp);

const unkeyed = <T>(
  entries: ReadonlyMap<string, { readonly value: T }> | undefined,
): ReadonlyMap<string, T> => new Map([...(entries ?? [])].map(([name, { value }]) => [name, value]));

function toProgram(
  name: string,
  at: Range,
  { uses, cmd, code, shell: ownShell }: StageFields,
  shell: readonly string[],
  report: Report,
): StageProgram | undefined {
  const fault = (message: string, where: Range, help: string): undefined =>
    void report({ severity: 'error', code: 'program', message, at: where, help });
  if (uses !== undefined && cmd !== undefined)
    return fault(
      `the stage ${name} has both uses and cmd`,
      cmd.at,
      'a stage runs one program: remove one of them',
    );
  if (ownShell !== undefined && cmd?.kind !== 'shell')
    return fault('shell is set, but cmd is not a text', ownShell.at, 'remove it, or write cmd as a text');
  if (uses !== undefined)
    return code === undefined || code.length === 0
      ? { kind: 'uses', path: uses }
      : fault(
          'code is set together with uses',
          code[0]?.at ?? at,
          'remove it: the code that a TypeScript stage imports is found automatically',
        );
  if (cmd === undefined)
    return fault(`the stage ${name} has nothing to run`, at, 'add uses: stages/name.ts, or cmd');
  return cmd.kind === 'shell'
    ? { ...cmd, shell: ownShell?.value ?? shell, code: code ?? [] }
    : { ...cmd, code: code ?? [] };
}
