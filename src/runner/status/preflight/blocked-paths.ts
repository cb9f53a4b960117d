import type { Diagnostic } from '../../diagnostic.ts';
import type { Instance } from '../../plan/instance.ts';
import { notAFolder } from '../../workspace/disk/not-a-folder.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';

/**
 * Files in the place of a folder above an out, each reported once, at the first out that it blocks: otherwise
 * hours may be computed before the out is put there.
 */
export function inTheWay(workspace: ProjectFiles, instances: readonly Instance[]): readonly Diagnostic[] {
  const known = new Map<string, string | undefined>([['', undefined]]);
  const faults = new Map<string, Diagnostic>();

  /** The topmost of a folder and those above it that exists but is not a folder. */
  function wrong(folder: string): string | undefined {
    if (known.has(folder)) return known.get(folder);
    const found =
      wrong(above(folder)) ??
      (notAFolder(workspace.disk, placeOf(workspace, folder)) === undefined ? undefined : folder);
    known.set(folder, found);
    return found;
  }
  for (const { path, at } of instances.flatMap(({ outs }) => Object.values(outs))) {
    const folder = wrong(above(path));
    const fault =
      folder === undefined || faults.has(folder)
        ? undefined
        : notAFolder(workspace.disk, placeOf(workspace, folder));
    if (folder !== undefined && fault !== undefined)
      faults.set(folder, {
        severity: 'error',
        code: 'in-the-way',
        message: `${folder} ${fault.message}: ${path} cannot be written`,
        at,
        help: fault.help,
      });
  }
  return [...faults.values()];
}

const above = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
