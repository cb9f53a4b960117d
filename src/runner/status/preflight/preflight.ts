import { dirname } from 'node:path';
import { digestOf } from '../../../files/digest.ts';
import { memoize } from '../../../memory.ts';
import type { Result } from '../../../result.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import { checkReadsThroughLinks } from '../../plan/check/check-paths.ts';
import { checkCommand } from '../../plan/command/check-command.ts';
import type { CheckProgram } from '../../plan/check/check-program.ts';
import { lineText } from '../../plan/command/check-command.ts';
import { smokeFaults } from '../../plan/smoke-instance.ts';
import { wordsOfLine } from '../../plan/command/shell-line.ts';
import { type Instance, isOptional, type Plan, type Program, type Word } from '../../plan/instance.ts';
import type { LooseDependency } from '../../plan/expand/resolve-dependency.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { sizeText } from '../../wording/size-text.ts';
import { isGlob, unescapedPath } from '../../pipeline-file/glob.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import { productsOf } from '../../store/products.ts';
import { isChecked, recordChecked } from '../../store/remembered/program-rows.ts';
import type { Store } from '../../store/database/open-store.ts';
import { deadLinkOn } from '../../workspace/dead-link.ts';
import { ignoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { linkFinder } from '../../workspace/link-finder.ts';
import { placeOf, type ProjectFiles, type Workspace } from '../../workspace/workspace.ts';
import type { BundleFault } from '../../programs/bundle/bundle.ts';
import {
  codeFiles,
  executableName,
  executablePlaces,
  isExecutable,
  noSuchProgram,
} from '../../programs/command-program.ts';
import { interpreterFault } from '../../programs/interpreter-fault.ts';
import {
  allowMissingHelp,
  globFaults,
  type GlobFiles,
  globMatcher,
  missing,
  readFaults,
} from '../read-faults.ts';
import { recordedDep } from '../recorded-dep.ts';
import { inTheWay } from '../blocked-paths.ts';
import { leadsOut, realPathInProject } from '../leads-out.ts';
import type { Capacity } from '../../executors/executor.ts';
import { engineOf, installedFacts } from '../../programs/engine.ts';
import type { StageProgramFacts } from '../../programs/stage-programs.ts';

/** The machine's capacity. */
export interface Machine {
  readonly capacityOf: (instance: Instance) => Capacity;
  /** Locates programs and engines. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whether a dep that is not here may count as it did in the last result. */
  readonly allowMissing: boolean;
}

export type Programs = ReadonlyMap<string, Result<StageProgramFacts, readonly BundleFault[]>>;

/**
 * Checks everything about a plan that can be wrong outside the pipeline file: programs and their params,
 * files, the machine's resources. All of it at once, before anything runs.
 */
export async function preflight(
  workspace: Workspace,
  store: Store,
  plan: Plan,
  instances: readonly Instance[],
  programs: Programs,
  { capacityOf, environment, allowMissing }: Machine,
): Promise<readonly Diagnostic[]> {
  const linkOn = linkFinder(workspace);
  const matched = globMatcher(workspace);
  const filesOf = fileChecks(workspace, linkOn, matched, {
    allowMissing,
    isRecorded: (instance, dep) => recordedDep(store, plan.pipeline, instance, dep) !== undefined,
  });
  const isProduct = productsOf(store, plan.pipeline);
  const isFileHere = memoize((path) => isFile(workspace, path));
  const files = instances.flatMap((instance) => [
    ...filesOf(instance),
    ...smokeFaults(instance),
    ...checkCommand(instance, { isFile: isFileHere, isProduct: (path) => isProduct(instance.stage, path) }),
    ...resourceFaults(instance, capacityOf(instance)),
  ]);
  const faults = [
    ...files,
    ...inTheWay(workspace, instances),
    ...readsThroughLinks(workspace, plan, instances, linkOn, matched),
    ...bundleFaults(workspace, instances, programs),
    ...engineFaults(instances, programs, environment),
    ...missingExecutables(workspace, plan, instances, environment['PATH']),
    ...(await programFaults(store, plan.pipeline, instances, programs)),
  ];
  return eachOnce(faults);
}

/** The checks that need only files, for the sound part of a plan that has faults already. */
export const fileFaults = (
  workspace: ProjectFiles,
  instances: readonly Instance[],
  loose: readonly LooseDependency[],
): readonly Diagnostic[] =>
  eachOnce([
    ...instances.flatMap(fileChecks(workspace)),
    ...readFaults(workspace, loose, leadsOut(workspace, linkFinder(workspace))),
    ...inTheWay(workspace, instances),
  ]);

type LinkOn = (path: string) => string | undefined;

function readsThroughLinks(
  workspace: ProjectFiles,
  plan: Plan,
  instances: readonly Instance[],
  linkOn: LinkOn,
  matched: GlobFiles,
): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  checkReadsThroughLinks(
    plan.instances,
    instances,
    {
      realPath: realPathInProject(workspace, linkOn),
      filesOf: (dep) => {
        const found = matched(dep);
        return found.ok ? found.value.files : [];
      },
    },
    (fault) => void faults.push(fault),
  );
  return faults;
}

interface RecordedDeps {
  readonly allowMissing: boolean;
  isRecorded(instance: Instance, dep: string): boolean;
}

/**
 * The deps on paths that must exist: a missing one may count as in the last result, if that is recorded and
 * allowed.
 */
function neededHere(
  workspace: ProjectFiles,
  instance: Instance,
  { allowMissing, isRecorded }: RecordedDeps,
): readonly LooseDependency[] {
  return Object.entries(instance.deps).flatMap(([name, dep]): readonly LooseDependency[] => {
    if (dep.kind !== 'path') return [];
    if (
      dep.optional === true ||
      workspace.disk.stat(placeOf(workspace, dep.path)) !== undefined ||
      !isRecorded(instance, name)
    )
      return [{ ...dep, hint: dep.hint }];
    if (allowMissing) return [];
    return [
      {
        ...dep,
        hint: dep.hint ?? allowMissingHelp,
      },
    ];
  });
}

/** Checks the files that an instance names; those that several name, once. */
function fileChecks(
  workspace: ProjectFiles,
  linkOn: LinkOn = linkFinder(workspace),
  matched: GlobFiles = globMatcher(workspace),
  recorded: RecordedDeps = { allowMissing: false, isRecorded: () => false },
): (instance: Instance) => readonly Diagnostic[] {
  const leaves = leadsOut(workspace, linkOn);
  const rules = ignoreRules(workspace);
  const isEmpty = memoize((pattern) => codeFiles(workspace, [pattern], rules).length === 0);
  return (instance) => [
    ...missingProgram(workspace, instance),
    ...missingCode(workspace, instance, isEmpty),
    ...readFaults(workspace, neededHere(workspace, instance, recorded), leaves),
    ...Object.entries(instance.deps).flatMap(([name, dep]) =>
      dep.kind === 'glob'
        ? globFaults(workspace, dep, matched(dep), leaves, {
            ...recorded,
            isRecorded: () => recorded.isRecorded(instance, name),
          })
        : [],
    ),
    ...linkedOuts(workspace, instance, linkOn),
  ];
}

function eachOnce(faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return faults.filter(({ code, message, at }) => {
    const name = JSON.stringify([code, message, at]);
    return !seen.has(name) && seen.add(name);
  });
}

function missingProgram(workspace: ProjectFiles, { program }: Instance): readonly Diagnostic[] {
  if (program.kind !== 'uses' || namesModule(program.path) || isFile(workspace, program.path)) return [];
  const fault = missing(workspace, program.path, program.at);
  return deadLinkOn(workspace, program.path) !== undefined
    ? [fault]
    : [
        {
          ...fault,
          message: `${program.path}: no such file: expected a TypeScript stage program of the project`,
        },
      ];
}

/**
 * A pattern that matches no file may be misspelt: then a change of the intended code would not trigger a
 * rerun.
 */
function missingCode(
  workspace: ProjectFiles,
  { program }: Instance,
  isEmpty: (pattern: string) => boolean,
): readonly Diagnostic[] {
  if (program.kind === 'uses') return [];
  return program.code
    .filter(({ value }) => isEmpty(value))
    .map(({ value, at }): Diagnostic => {
      const path = unescapedPath(value);
      if (!isGlob(value) && workspace.disk.stat(placeOf(workspace, path)) === undefined)
        return missing(workspace, path, at);
      return {
        severity: 'error',
        code: 'no-code',
        message: `code pattern "${value}" matches no file, so changes to that code would not trigger a rerun`,
        at,
      };
    });
}

const isFile = (workspace: ProjectFiles, path: string): boolean =>
  workspace.disk.stat(placeOf(workspace, path))?.isFile() === true;

/** Engines that the params name and that are not installed, at the param. */
function engineFaults(
  instances: readonly Instance[],
  programs: Programs,
  environment: NodeJS.ProcessEnv,
): readonly Diagnostic[] {
  return instances.flatMap(({ program, params, paramRanges }) => {
    const bundled = program.kind === 'uses' ? programs.get(program.path) : undefined;
    const engine = bundled?.ok === true ? engineOf(bundled.value, params) : undefined;
    if (bundled?.ok !== true || engine === undefined) return [];
    const { description } = bundled.value;
    const installed = installedFacts(description, engine.name, environment);
    const at = paramRanges[`/${description.engines?.by ?? ''}`] ?? program.at;
    return installed.ok
      ? []
      : [{ severity: 'error', code: 'no-engine', message: installed.error, at } as const];
  });
}

function bundleFaults(
  workspace: Workspace,
  instances: readonly Instance[],
  programs: Programs,
): readonly Diagnostic[] {
  return instances.flatMap(({ program, params }) => {
    if (program.kind !== 'uses') return [];
    if (!namesModule(program.path) && !isFile(workspace, program.path)) return [];
    const bundled = programs.get(program.path);
    const engine = bundled?.ok === true ? engineOf(bundled.value, params) : undefined;
    const faults =
      bundled?.ok === false ? bundled.error : engine?.facts.ok === false ? engine.facts.error : [];
    const name = engine === undefined ? program.path : `${program.path}, engine "${engine.name}"`;
    return faults.map(({ message, at, help }): Diagnostic => {
      const fault = {
        severity: 'error',
        code: 'bad-program',
        ...(help === undefined ? {} : { help }),
      } as const;
      return at === undefined
        ? { ...fault, message: `${name}: ${message}`, at: program.at }
        : { ...fault, message, at, notes: [{ message: 'a stage uses it', at: program.at }] };
    });
  });
}

/**
 * The params and names that programs expect; a successful check is repeated only after programs, params or
 * names have changed.
 */
async function programFaults(
  store: Store,
  pipeline: string,
  instances: readonly Instance[],
  programs: Programs,
): Promise<readonly Diagnostic[]> {
  const used = instances.flatMap((instance) => {
    const bundled = instance.program.kind === 'uses' ? programs.get(instance.program.path) : undefined;
    return bundled?.ok === true ? [{ instance, facts: bundled.value }] : [];
  });
  const digest = digestOf(
    JSON.stringify(
      used.map(({ instance, facts }) => [
        facts.bundle,
        instance.params,
        Object.entries(instance.deps).map(([name, dep]) => (isOptional(dep) ? `${name}?` : name)),
        Object.keys(instance.outs),
      ]),
    ),
  );
  if (used.length === 0 || isChecked(store, pipeline, digest)) return [];
  const { programCheck } = await import('../../plan/check/check-program.ts');
  const checks = new Map<string, CheckProgram>();
  const faults = used.flatMap(({ instance, facts }) => {
    const check = checks.get(facts.file) ?? programCheck(facts.description);
    checks.set(facts.file, check);
    return check(instance);
  });
  if (faults.length === 0) recordChecked(store, pipeline, digest);
  return faults;
}

/**
 * Outs that would be written through a symbolic link: its target was not made by this pipeline, and would be
 * overwritten or deleted. A link at the exact path of an out in `artifacts` is itself replaced, and nothing
 * else.
 */
function linkedOuts(workspace: ProjectFiles, instance: Instance, linkOn: LinkOn): readonly Diagnostic[] {
  return Object.values(instance.outs).flatMap(
    ({ path, workspace: inWorkspace, at }): readonly Diagnostic[] => {
      const link = linkOn(inWorkspace ? path : dirname(path));
      // A dangling link is a separate fault.
      if (link === undefined || workspace.disk.stat(placeOf(workspace, link)) === undefined) return [];
      const target = workspace.disk.realPath(placeOf(workspace, link));
      const isInside = `${target}/`.startsWith(`${workspace.root}/`);
      return [
        {
          severity: 'error',
          code: isInside ? 'linked-out' : 'leaves-project',
          message:
            `${path} would be written through the symbolic link ${link} (to ${target}), over files ` +
            'that this pipeline did not create',
          at,
          help: isInside
            ? `remove the link ${link}, or give the out the path of its target`
            : 'to save space in the project, make cache a link, or mount a disk at the folder',
        },
      ];
    },
  );
}

/**
 * Commands whose first word is not a program that can be found, each name looked up once. A shell line is
 * left to the shell, and a program that a stage may still make is not missing.
 */
function missingExecutables(
  workspace: Workspace,
  plan: Plan,
  instances: readonly Instance[],
  path: string | undefined,
): readonly Diagnostic[] {
  const isMissing = memoize((name: string) => {
    const places = executablePlaces(workspace, name, path);
    if (places.some((place) => isExecutable(workspace, place))) return false;
    return !plan.instances.some(({ outs }) =>
      Object.values(outs).some((out) =>
        places.some((place) => place === out.path || place.startsWith(`${out.path}/`)),
      ),
    );
  });
  const scripts = memoize((name: string) => {
    const place = executablePlaces(workspace, name, path).find((one) => isExecutable(workspace, one));
    return place === undefined ? undefined : interpreterFault(workspace, place, path);
  });
  return instances.flatMap(({ program }): readonly Diagnostic[] => {
    if (program.kind === 'uses') return [];
    const first = program.kind === 'argv' ? (program.words[0] ?? []) : [];
    const isMade = first.some(({ kind }) => kind !== 'text');
    // A path that is known only when the stage starts; unless a command precedes it.
    if (isMade && !(first[0]?.kind === 'text' && /\S\s/.test(first[0].text))) return [];
    const name = isMade ? lineOf(first) : executableName(program);
    const at = program.kind === 'argv' ? program.executableAt : program.at;
    if (isMissing(name))
      return [
        {
          severity: 'error',
          code: 'missing-program',
          ...noSuchProgram(workspace, name),
          ...severalCommands(program, name),
          at,
        },
      ];
    return startedFiles(program, name).flatMap((file) => {
      const fault = scripts(file);
      return fault === undefined
        ? []
        : [{ severity: 'error' as const, code: 'bad-interpreter', ...fault, at }];
    });
  });
}

/** In other tools the words of a list are commands. */
function severalCommands(
  program: Exclude<Program, { kind: 'uses' }>,
  name: string,
): { readonly help?: string } {
  if (program.kind !== 'argv' || !/\s/.test(name)) return {};
  return {
    help:
      'a list is one program with its arguments; write several commands as a text, in which every line ' +
      `must succeed: cmd: ${JSON.stringify(program.words.map(lineOf).join('\n'))}`,
  };
}

/** A word, unresolved. */
const lineOf = (word: Word): string =>
  word.map((piece) => (piece.kind === 'text' ? piece.text : `\${${piece.kind}s.${piece.name}}`)).join('');

/**
 * What a command starts by name: the program of a list; in a line the words at the places where a program is
 * expected.
 */
const startedFiles = (program: Exclude<Program, { kind: 'uses' }>, name: string): readonly string[] =>
  program.kind === 'argv'
    ? [name]
    : wordsOfLine(lineText(program.words.flat())).flatMap(({ text, isCommand }) =>
        isCommand && text.includes('/') && !text.includes('\0') ? [text] : [],
      );

/** Reported once, however many instances request it. */
function resourceFaults({ resources, resourceRanges }: Instance, capacity: Capacity): readonly Diagnostic[] {
  const tooMuch = (what: keyof Instance['resourceRanges'], wanted: string, there: string): Diagnostic => ({
    severity: 'error',
    code: 'unsatisfiable',
    message: `${wanted} requested, but this machine has ${there}`,
    at: resourceRanges[what],
    help: `lower resources.${what}`,
  });
  const gpus = resources.gpus === 0 ? undefined : capacity.gpus()?.length;
  return [
    ...(gpus !== undefined && resources.gpus > gpus
      ? [tooMuch('gpus', pluralize(resources.gpus, 'GPU is', 'GPUs are'), String(gpus || 'none'))]
      : []),
    ...(resources.memory > capacity.memory
      ? [tooMuch('memory', `${sizeText(resources.memory)} of memory are`, sizeText(capacity.memory))]
      : []),
  ];
}

export const programPaths = (instances: readonly Instance[]): readonly string[] => [
  ...new Set(instances.flatMap(({ program }) => (program.kind === 'uses' ? [program.path] : []))),
];

/** The programs that can run. */
export function readyPrograms(programs: Programs): ReadonlyMap<string, StageProgramFacts> {
  return new Map(
    [...programs].flatMap(([path, program]): readonly (readonly [string, StageProgramFacts])[] =>
      program.ok ? [[path, program.value]] : [],
    ),
  );
}

/** The ids of instances, for fast lookups. */
export const byId = (instances: readonly Instance[]): ReadonlyMap<InstanceId, Instance> =>
  new Map(instances.map((instance) => [instance.id, instance]));
