import { memory } from '../../../memory.ts';
import type { Diagnostic, Range } from '../../diagnostic.ts';
import { fixedPart } from '../../pipeline-file/glob.ts';
import type { OutHelp } from '../../plan/check/declared-outs.ts';
import type { LooseDependency } from '../../plan/expand/resolve-dependency.ts';
import type { GlobDependency } from '../../plan/instance.ts';
import { deadLinkOn } from '../../workspace/dead-link.ts';
import { globFiles } from '../../workspace/glob-files.ts';
import { ignoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { nearestPath } from '../../workspace/nearest-path.ts';
import { nearestPattern } from '../../workspace/nearest-pattern.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';

/** Faults of paths that are read: they do not exist, or lead out of the project. */
export function readFaults(
  workspace: ProjectFiles,
  deps: readonly LooseDependency[],
  leaves: (path: string) => boolean,
): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  for (const dep of deps) {
    const place = placeOf(workspace, dep.path);
    const isHere = workspace.disk.stat(place) !== undefined;
    // A dangling link is never intended as a missing file: its disk may not be mounted.
    if (!isHere && dep.optional === true && deadLinkOn(workspace, dep.path) === undefined) continue;
    if (!isHere)
      faults.push({
        ...missing(workspace, dep.path, dep.at),
        ...(dep.hint === undefined ? {} : { help: dep.hint }),
      });
    else if (!dep.external && leaves(dep.path)) {
      faults.push({
        severity: 'error',
        code: 'leaves-project',
        message:
          `${dep.path} leads out of the project by a symbolic link, to ` +
          `${workspace.disk.realPath(place)}`,
        at: dep.at,
        help: 'declare it as { path, external: true } if this is intended',
      });
    }
  }
  return faults;
}

export type GlobFiles = (dep: GlobDependency) => ReturnType<typeof globFiles>;

/** The files that patterns match; each pattern is evaluated once. */
export function globMatcher(workspace: ProjectFiles): GlobFiles {
  const rules = ignoreRules(workspace);
  const found = memory<ReturnType<GlobFiles>>();
  return ({ pattern, ignore }) =>
    found(`${ignore} ${pattern}`, () => globFiles(workspace, pattern, ignore ? rules : undefined));
}

/** Faults of the files that a pattern matches, or that it matches none. */
export function globFaults(
  workspace: ProjectFiles,
  { pattern, external, optional, hint, at }: GlobDependency,
  found: ReturnType<GlobFiles>,
  leaves: (path: string) => boolean,
  {
    allowMissing,
    isRecorded,
    outHelp,
  }: { readonly allowMissing: boolean; isRecorded(): boolean; readonly outHelp: OutHelp },
): readonly Diagnostic[] {
  if (!found.ok) {
    const { path, message } = found.error;
    return [{ severity: 'error', code: 'unreadable-file', message: `${path}: ${message}`, at }];
  }
  const { files } = found.value;
  if (files.length > 0 || optional === true)
    return readFaults(
      workspace,
      files.map((path) => ({ path, external, hint: undefined, at })),
      leaves,
    );
  const isKnown = isRecorded();
  if (isKnown && allowMissing) return [];
  const base = fixedPart(pattern);
  const isThere = base === '' || workspace.disk.stat(placeOf(workspace, base))?.isDirectory() === true;
  const help = hint ?? (isKnown ? allowMissingHelp : (outHelp(base) ?? literalsHelp(pattern)));
  const fault = isThere ? undefined : missing(workspace, base, at);
  const suggestion = isThere ? nearestPattern(workspace, pattern) : fault?.suggestion;
  return [
    {
      ...fault,
      severity: 'error',
      code: 'no-file',
      message: `no file matches ${pattern}${fault === undefined ? '' : ` (${fault.message})`}`,
      at,
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(help === undefined ? {} : { help }),
    },
  ];
}

/** The help for a path with shell wildcards that are literal here. */
const literalsHelp = (path: string): string | undefined =>
  /\[[^\]]+\]|\{[^}]*,[^}]*\}/.test(path.replace(/\[[*?[\]]\]/g, ''))
    ? '[ ] and { } are no wildcards here: name the files by *, ? and **, or by a dep each'
    : undefined;

export const allowMissingHelp = 'to use its digest from the last result, run with `--allow-missing`';

/** The fault that a path does not exist, with the path that was probably intended. */
export function missing(workspace: ProjectFiles, path: string, at: Range): Diagnostic {
  const link = deadLinkOn(workspace, path);
  if (link !== undefined)
    return {
      severity: 'error',
      code: 'missing-file',
      message: link.path === path ? `${path} ${link.message}` : `${path}: ${link.path} ${link.message}`,
      at,
    };
  const suggestion = nearestPath(workspace, path);
  const help = literalsHelp(path);
  return {
    severity: 'error',
    code: 'missing-file',
    message: `${path}: no such file or folder`,
    at,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(help === undefined ? {} : { help }),
  };
}
