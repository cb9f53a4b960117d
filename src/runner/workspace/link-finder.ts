import { placeOf, type ProjectFiles } from './workspace.ts';

/**
 * Returns the outermost symbolic link among a path and the folders above it, from the project root;
 * undefined: there is none. Each folder is checked once.
 */
export function linkFinder({ root, disk }: ProjectFiles): (path: string) => string | undefined {
  const known = new Map<string, string | undefined>([['', undefined]]);

  function find(path: string): string | undefined {
    if (known.has(path)) return known.get(path);
    const link =
      find(path.slice(0, Math.max(0, path.lastIndexOf('/')))) ??
      (disk.lstat(placeOf({ root }, path))?.isSymbolicLink() === true ? path : undefined);
    known.set(path, link);
    return link;
  }
  return find;
}
