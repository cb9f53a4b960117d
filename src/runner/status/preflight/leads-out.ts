import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';

/**
 * Gives where a path leads by symbolic links, from the project root; undefined: out of it, or to nothing. A
 * path without a link on its way leads to itself. `linkOn`: the first link on a path.
 */
export function realPathInProject(
  { root, disk }: ProjectFiles,
  linkOn: (path: string) => string | undefined,
): (path: string) => string | undefined {
  return (path) => {
    const place = placeOf({ root }, path);
    if (!path.startsWith('/') && linkOn(path) === undefined) return path;
    if (disk.stat(place) === undefined) return undefined;
    const real = disk.realPath(place);
    return real.startsWith(`${root}/`) ? real.slice(root.length + 1) : undefined;
  };
}

/**
 * Tells whether a path from the project root leads out of the project by a symbolic link, itself or a folder
 * above it. For a path that does not exist yet, its existing part decides. Each folder is checked once.
 * `linkOn`: the first link on a path.
 */
export function leadsOut(
  workspace: ProjectFiles,
  linkOn: (path: string) => string | undefined,
): (path: string) => boolean {
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
  return (path) => linkOn(path) !== undefined && ask(path);
}
