import type { BigIntStats } from 'node:fs';
import { fileProblem } from '../../files/file-problem.ts';
import { isSettled, stampOrNone } from './stamp.ts';
import type { WorkspaceDisk } from './disk/workspace-disk.ts';

/** How something was read, the absolute path, and the result. */
export type DiskRead = readonly [how: 'lstat' | 'stat' | 'list' | 'realPath', path: string, seen: string];

interface RecordedReads {
  readonly disk: WorkspaceDisk;
  /**
   * Every read so far. Undefined: they are not all, since bytes were read or written, a read failed, or a
   * file was too young for its stamp to be trusted.
   */
  reads(): readonly DiskRead[] | undefined;
}

/** A disk that records what is read from it: while all of it reads the same, the result is the same. */
export function recordReads(disk: WorkspaceDisk, now: () => bigint): RecordedReads {
  const seen = new Map<string, DiskRead>();
  let isComplete = true;

  function giveUp(): void {
    isComplete = false;
    seen.clear();
  }
  function note(...[how, path, found]: DiskRead): void {
    const name = `${how} ${path}`;
    const before = seen.get(name);
    if (before !== undefined && before[2] !== found) giveUp();
    if (isComplete) seen.set(name, [how, path, found]);
  }
  function noteStats(
    how: Exclude<DiskRead[0], 'realPath'>,
    path: string,
    stats: BigIntStats | undefined,
  ): void {
    if (stats !== undefined && !passedThrough(how, stats) && !isSettled(stats, now())) giveUp();
    note(how, path, seenBy(how, stats));
  }
  function unlessItFails<Found>(call: () => Found): Found {
    try {
      return call();
    } catch (error) {
      giveUp();
      throw error;
    }
  }
  /** A call that reads or writes bytes. */
  const giving =
    <Given extends readonly unknown[], Found>(call: (...given: Given) => Found) =>
    (...given: Given): Found => {
      giveUp();
      return call(...given);
    };

  return {
    reads: () => (isComplete ? [...seen.values()] : undefined),
    disk: {
      lstat: (path) =>
        unlessItFails(() => {
          const stats = disk.lstat(path);
          noteStats('lstat', path, stats);
          return stats;
        }),
      stat: (path) =>
        unlessItFails(() => {
          const stats = disk.stat(path);
          noteStats('stat', path, stats);
          return stats;
        }),
      // The stamp is taken before the names are read: a name added meanwhile changes it.
      list: (folder) =>
        unlessItFails(() => {
          noteStats('list', folder, disk.stat(folder));
          return disk.list(folder);
        }),
      readLink: (path) =>
        unlessItFails(() => {
          noteStats('lstat', path, disk.lstat(path));
          return disk.readLink(path);
        }),
      realPath: (path) =>
        unlessItFails(() => {
          const real = disk.realPath(path);
          note('realPath', path, real);
          return real;
        }),
      digest: giving(disk.digest),
      create: giving(disk.create),
      sync: giving(disk.sync),
      rename: giving(disk.rename),
      remove: giving(disk.remove),
      makeFolder: giving(disk.makeFolder),
      makeLink: giving(disk.makeLink),
      setMode: giving(disk.setMode),
      copy: giving(disk.copy),
      copyHashed: giving(disk.copyHashed),
      syncAll: giving(disk.syncAll),
    },
  };
}

/** Whether all reads return the same again; a failing read does not. */
export function readsTheSame(disk: WorkspaceDisk, reads: readonly DiskRead[]): boolean {
  return reads.every(([how, path, seen]) => {
    try {
      switch (how) {
        case 'lstat':
          return seenBy(how, disk.lstat(path)) === seen;
        case 'stat':
        case 'list':
          return seenBy(how, disk.stat(path)) === seen;
        case 'realPath':
          return disk.realPath(path) === seen;
      }
    } catch (error) {
      fileProblem(path, error);
      return false;
    }
  });
}

/** For a folder on the way to a path, its identity; for a listed folder, and for anything else, its stamp. */
const seenBy = (how: Exclude<DiskRead[0], 'realPath'>, stats: BigIntStats | undefined): string =>
  stats !== undefined && passedThrough(how, stats) ? `folder ${stats.dev}:${stats.ino}` : stampOrNone(stats);

const passedThrough = (how: Exclude<DiskRead[0], 'realPath'>, stats: BigIntStats): boolean =>
  how !== 'list' && stats.isDirectory();
