import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { basename, dirname, sep } from 'node:path';

/** Reports outs that are removed. */
export interface RemovedOuts {
  /** Which outs are watched. Folders that were made again since the last call are watched again. */
  watch(outs: readonly string[]): void;
  close(): void;
}

/**
 * Watches the folders of outs, up to the project's root, for outs that are removed. The content of a folder
 * out is not watched: it can be thousands of files. `onFault` is called if a folder cannot be watched.
 */
export function removedOuts(
  root: string,
  onRemoved: () => void,
  onFault: (error: unknown) => void,
): RemovedOuts {
  const folders = new Map<string, WatchedFolder>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  /** A run moves an out away and another one into its place: only an out that stays missing was removed. */
  function checkSoon(path: string): void {
    changed.add(path);
    timer ??= setTimeout(() => {
      timer = undefined;
      const isRemoved = [...changed].some((each) => inodeOf(each) === undefined);
      changed.clear();
      if (isRemoved) onRemoved();
    }, quietMilliseconds);
  }
  function open(folder: string, names: ReadonlySet<string>): void {
    const inode = inodeOf(folder);
    const before = folders.get(folder);
    if (before !== undefined && before.inode === inode) {
      before.names = names;
      return;
    }
    before?.watcher.close();
    folders.delete(folder);
    if (inode === undefined) return;
    try {
      const watcher = watch(folder, (_, name) => {
        if (name !== null && folders.get(folder)?.names.has(name) === true) checkSoon(folder + sep + name);
      });
      watcher.on('error', onFault);
      folders.set(folder, { watcher, inode, names });
    } catch (error) {
      onFault(error);
    }
  }

  return {
    watch(outs) {
      const wanted = namesByFolder(root, outs);
      for (const [folder, { watcher }] of folders)
        if (!wanted.has(folder)) {
          watcher.close();
          folders.delete(folder);
        }
      for (const [folder, names] of wanted) open(folder, names);
    },
    close() {
      clearTimeout(timer);
      for (const { watcher } of folders.values()) watcher.close();
      folders.clear();
    },
  };
}

interface WatchedFolder {
  readonly watcher: FSWatcher;
  readonly inode: bigint;
  names: ReadonlySet<string>;
}

const quietMilliseconds = 100;

/** The names on the way to the outs, by the folder that holds them. */
function namesByFolder(root: string, outs: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const out of outs) {
    for (let path = out; path.startsWith(root + sep); path = dirname(path)) {
      const known = names.get(dirname(path));
      if (known?.has(basename(path)) === true) break;
      if (known === undefined) names.set(dirname(path), new Set([basename(path)]));
      else known.add(basename(path));
    }
  }
  return names;
}

/** Undefined: the path does not exist, or cannot be read. */
function inodeOf(path: string): bigint | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
