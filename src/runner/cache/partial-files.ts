import { join } from 'node:path';
import { isPartialName } from '../../files/write-atomically.ts';
import { linkFinder } from '../workspace/link-finder.ts';
import { placeOf, type ProjectFiles } from '../workspace/workspace.ts';

/**
 * Files left half-written by a killed run, from the project root: in the cache, in the artifacts, and in the
 * folders of outs elsewhere. Only the link of the cache itself is followed.
 */
export function partialFiles(workspace: ProjectFiles, folders: Iterable<string>): readonly string[] {
  const { disk } = workspace;
  const found: string[] = [];
  const visitMembers = (folder: string, depth: number): void => {
    for (const name of disk.list(placeOf(workspace, folder))) {
      const path = join(folder, name);
      if (isPartialName(name)) found.push(path);
      else visit(path, depth - 1);
    }
  };
  const visit = (folder: string, depth: number): void => {
    if (depth >= 0 && disk.lstat(placeOf(workspace, folder))?.isDirectory() === true)
      visitMembers(folder, depth);
  };
  if (disk.stat(placeOf(workspace, 'cache'))?.isDirectory() === true) visitMembers('cache', 3);
  visit('artifacts', Infinity);
  const linkAbove = linkFinder(workspace);
  for (const folder of folders) if (linkAbove(folder) === undefined) visit(folder, 0);
  return found;
}
