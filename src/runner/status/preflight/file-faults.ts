import { dirname } from 'node:path';
import { memoize } from '../../../memory.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { isGlob, unescapedPath } from '../../pipeline-file/glob.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import type { LooseDependency } from '../../plan/expand/resolve-dependency.ts';
import { declaredOuts, type OutHelp } from '../../plan/check/declared-outs.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import { codeFiles } from '../../programs/command-program.ts';
import { deadLinkOn } from '../../workspace/dead-link.ts';
import { ignoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';
import { inTheWay } from './blocked-paths.ts';
import { eachOnce } from './each-once.ts';
import { type ProjectPaths, projectPaths } from './project-paths.ts';
import { allowMissingHelp, globFaults, missing, readFaults } from './read-faults.ts';

/** The checks that need only files, for the sound part of a plan that has faults already. */
export function fileFaults(
  workspace: ProjectFiles,
  plan: Pick<Plan, 'instances'>,
  instances: readonly Instance[],
  loose: readonly LooseDependency[],
): readonly Diagnostic[] {
  const paths = projectPaths(workspace);
  const outHelp = declaredOuts(plan.instances);
  const looseDeps = loose.map((dep) => ({ ...dep, hint: dep.hint ?? outHelp(dep.path) }));
  return eachOnce([
    ...instances.flatMap(fileChecks(paths, { allowMissing: false, outHelp, isRecorded: () => false })),
    ...readFaults(workspace, looseDeps, paths.leadsOut),
    ...inTheWay(workspace, instances),
  ]);
}

/** What is known about deps whose files are missing. */
interface MissingDeps {
  /** Whether those may be missing whose content is known from the last results. */
  readonly allowMissing: boolean;
  readonly outHelp: OutHelp;
  isRecorded(instance: Instance, dep: string): boolean;
}

/** Checks the files that an instance names; those that several name, once. */
export function fileChecks(
  paths: ProjectPaths,
  missingDeps: MissingDeps,
): (instance: Instance) => readonly Diagnostic[] {
  const { workspace, filesOf } = paths;
  const rules = ignoreRules(workspace);
  const isEmpty = memoize((pattern) => codeFiles(workspace, [pattern], rules).length === 0);
  return (instance) => [
    ...missingProgram(paths, instance),
    ...missingCode(workspace, instance, isEmpty),
    ...readFaults(workspace, neededHere(workspace, instance, missingDeps), paths.leadsOut),
    ...Object.entries(instance.deps).flatMap(([name, dep]) =>
      dep.kind === 'glob'
        ? globFaults(workspace, dep, filesOf(dep), paths.leadsOut, {
            allowMissing: missingDeps.allowMissing,
            isRecorded: () => missingDeps.isRecorded(instance, name),
            outHelp: (base) => missingDeps.outHelp(base, instance.stage),
          })
        : [],
    ),
    ...linkedOuts(paths, instance),
  ];
}

function missingProgram({ workspace, isFile }: ProjectPaths, { program }: Instance): readonly Diagnostic[] {
  if (program.kind !== 'uses' || namesModule(program.path) || isFile(program.path)) return [];
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

/**
 * The deps on paths that must exist: a missing one may count as in the last result, if that is recorded and
 * allowed.
 */
function neededHere(
  workspace: ProjectFiles,
  instance: Instance,
  { allowMissing, outHelp, isRecorded }: MissingDeps,
): readonly LooseDependency[] {
  return Object.entries(instance.deps).flatMap(([name, dep]): readonly LooseDependency[] => {
    if (dep.kind !== 'path') return [];
    if (
      dep.optional === true ||
      workspace.disk.stat(placeOf(workspace, dep.path)) !== undefined ||
      !isRecorded(instance, name)
    )
      return [{ ...dep, hint: dep.hint ?? outHelp(dep.path, instance.stage) }];
    if (allowMissing) return [];
    return [
      {
        ...dep,
        hint: dep.hint ?? allowMissingHelp,
      },
    ];
  });
}

/**
 * Outs that would be written through a symbolic link, one fault for each link: its target was not made by this
 * pipeline, and would be overwritten or deleted. A link at the exact path of an out in `artifacts` is itself
 * replaced, and nothing else.
 */
function linkedOuts({ workspace, linkOn }: ProjectPaths, instance: Instance): readonly Diagnostic[] {
  const reported = new Set<string>();
  return Object.values(instance.outs).flatMap(
    ({ path, workspace: inWorkspace, at }): readonly Diagnostic[] => {
      const link = linkOn(inWorkspace ? path : dirname(path));
      if (link === undefined || reported.has(link)) return [];
      const linked = workspace.disk.stat(placeOf(workspace, link));
      // A dangling link, or one to a file, above an out is a separate fault.
      if (linked === undefined || (link !== path && !linked.isDirectory())) return [];
      reported.add(link);
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
