import { dirname, join, relative } from 'node:path';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import type { WorkspaceDisk } from './workspace-disk.ts';

/**
 * A disk that changes nothing in a project through a symbolic link: a link that a user, or a stage during the
 * run, put in the place of a folder leads to files outside the runner's control. Only `cache` itself may be a
 * link, if it was one when the project was opened. Checked at each change, since a link may appear at any
 * moment.
 */
export function guardedDisk(disk: WorkspaceDisk, root: string): WorkspaceDisk {
  const cache = join(root, 'cache');
  const cacheTarget = realPathOf(disk, cache) ?? cache;

  function check(path: string): void {
    if (!path.startsWith(`${root}/`)) return;
    const { folder, real } = nearestFolder(disk, dirname(path));
    const expected =
      folder === cache || folder.startsWith(`${cache}/`)
        ? join(cacheTarget, folder.slice(cache.length))
        : folder;
    // A file system that ignores case reports the name that a folder was made with.
    if (foldedPath(real) !== foldedPath(expected)) throw new ThroughLink(relative(root, path), real);
  }

  return {
    ...disk,
    makeFolder(path) {
      check(path);
      disk.makeFolder(path);
    },
    makeLink(path, target) {
      check(path);
      disk.makeLink(path, target);
    },
    setMode(path, mode) {
      check(path);
      disk.setMode(path, mode);
    },
    async copy(from, to) {
      check(to);
      await disk.copy(from, to);
    },
    async copyHashed(from, to, mode, signal) {
      check(to);
      return disk.copyHashed(from, to, mode, signal);
    },
    async create(path, content) {
      check(path);
      await disk.create(path, content);
    },
    async rename(from, to) {
      check(from);
      if (dirname(from) !== dirname(to)) check(to);
      await disk.rename(from, to);
    },
    async remove(path) {
      check(path);
      await disk.remove(path);
    },
  };
}

/**
 * What a change would have reached. `code` and `syscall` make it a failed call of the file system, reported
 * in words.
 */
class ThroughLink extends Error {
  readonly code = 'ELINKED';
  readonly syscall = 'open';
  readonly path: string;
  constructor(path: string, real: string) {
    super(`a folder above it is a symbolic link (to ${real}), so nothing was changed there`);
    this.path = path;
  }
}

function nearestFolder(
  disk: WorkspaceDisk,
  path: string,
): { readonly folder: string; readonly real: string } {
  for (let folder = path; ; folder = dirname(folder)) {
    const real = realPathOf(disk, folder);
    if (real !== undefined) return { folder, real };
    if (dirname(folder) === folder) return { folder, real: folder };
  }
}

function realPathOf(disk: WorkspaceDisk, path: string): string | undefined {
  try {
    return disk.realPath(path);
  } catch {
    return undefined;
  }
}
