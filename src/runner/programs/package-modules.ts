import { basename, dirname, join } from 'node:path';
import { isJsonObject } from '../../files/json.ts';
import type { ProjectFiles } from '../workspace/workspace.ts';
import { packageJsonIn } from './owner-package.ts';

/** The modules that a package exports by name or by a pattern, from its root: "stages/train". */
export function packageModules({ disk }: Pick<ProjectFiles, 'disk'>, folder: string): readonly string[] {
  const exported = packageJsonIn(folder)?.['exports'];
  if (!isJsonObject(exported)) return [];
  return Object.entries(exported).flatMap(([key, target]) => {
    if (!key.startsWith('./')) return [];
    const module = key.slice('./'.length);
    if (!key.includes('*')) return [module];
    return typeof target === 'string' && target.includes('*')
      ? namesMatching(disk, join(folder, target)).map((found) => module.replace('*', () => found))
      : [];
  });
}

/** What "*" matches in a pattern of files of one folder. */
function namesMatching(disk: ProjectFiles['disk'], pattern: string): readonly string[] {
  const [start = '', end = ''] = basename(pattern).split('*');
  const within = dirname(pattern);
  if (within.includes('*') || disk.stat(within)?.isDirectory() !== true) return [];
  return disk
    .list(within)
    .filter((name) => name.startsWith(start) && name.endsWith(end) && name.length > start.length + end.length)
    .map((name) => name.slice(start.length, name.length - end.length));
}
