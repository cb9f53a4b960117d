import { placeOf, type ProjectFiles } from '../workspace/workspace.ts';

/**
 * Tells whether a path from the project root leads out of the project by a symbolic link, itself or a folder above it. Of
 * what is not there yet, the part that is there decides. Each folder is looked at once.
 */
export function leadsOut(workspace: ProjectFiles): (path: string) => boolean {
  const known = new Map<string, boolean>([['', false]]);

  function ask(path: string): boolean {
    const answer =
      known.get(path) ?? (ask(path.slice(0, Math.max(0, path.lastIndexOf('/')))) || byItself(path));
    known.set(path, answer);
    return answer;
  }
  /** What lies in a folder that is inside leads out only if it is a link. */
  function byItself(path: string): boolean {
    const place = placeOf(workspace, path);
    if (workspace.disk.lstat(place)?.isSymbolicLink() !== true || workspace.disk.stat(place) === undefined)
      return false;
    return !`${workspace.disk.realPath(place)}/`.startsWith(`${workspace.root}/`);
  }
  return ask;
}
