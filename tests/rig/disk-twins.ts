import { workspaceDisk, type WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';

/** A call of the disk: its name and the paths that it was given. */
export interface DiskCall {
  readonly name: keyof WorkspaceDisk;
  readonly paths: readonly string[];
}

/**
 * The disk of this machine, with `before` called for each operation: what it throws is what the operation
 * fails with.
 */
export function watchedDisk(before: (call: DiskCall) => void): WorkspaceDisk {
  const told =
    <Arguments extends unknown[], Answer>(name: keyof WorkspaceDisk, act: (...given: Arguments) => Answer) =>
    (...given: Arguments): Answer => {
      before({ name, paths: given.filter((argument) => typeof argument === 'string') });
      return act(...given);
    };
  // A promise that rejects, as the real one's would: not an exception out of the call.
  const toldLater =
    <Arguments extends unknown[], Answer>(
      name: keyof WorkspaceDisk,
      act: (...given: Arguments) => Promise<Answer>,
    ) =>
    async (...given: Arguments): Promise<Answer> => {
      before({ name, paths: given.filter((argument) => typeof argument === 'string') });
      return act(...given);
    };
  const disk = workspaceDisk;
  return {
    lstat: told('lstat', disk.lstat),
    stat: told('stat', disk.stat),
    list: told('list', disk.list),
    readLink: told('readLink', disk.readLink),
    realPath: told('realPath', disk.realPath),
    makeFolder: told('makeFolder', disk.makeFolder),
    makeLink: told('makeLink', disk.makeLink),
    setMode: told('setMode', disk.setMode),
    digest: toldLater('digest', disk.digest),
    copy: toldLater('copy', disk.copy),
    copyHashed: toldLater('copyHashed', disk.copyHashed),
    syncAll: toldLater('syncAll', disk.syncAll),
    create: toldLater('create', disk.create),
    sync: toldLater('sync', disk.sync),
    rename: toldLater('rename', disk.rename),
    remove: toldLater('remove', disk.remove),
  };
}

/** Operations that change the disk. */
const changing: readonly (keyof WorkspaceDisk)[] = [
  'makeFolder',
  'makeLink',
  'setMode',
  'copy',
  'copyHashed',
  'syncAll',
  'create',
  'sync',
  'rename',
  'remove',
];
export const changes = ({ name }: DiskCall): boolean => changing.includes(name);

/** What the operating system says when a call fails. */
export class DiskFault extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path: string | undefined;
  constructor(code: string, { name, paths }: DiskCall) {
    super(`${code}: ${name} '${paths.at(-1)}'`);
    this.code = code;
    this.syscall = name;
    this.path = paths.at(-1);
  }
}

/** Lets the nth operation (from 0) that `counts` fail; gives how many there were. */
export function failingDisk(
  nth: number,
  code: string,
  counts: (call: DiskCall) => boolean,
): { readonly disk: WorkspaceDisk; readonly count: () => number } {
  let count = 0;
  const disk = watchedDisk((call) => {
    if (!counts(call)) return;
    count += 1;
    if (count - 1 === nth) throw new DiskFault(code, call);
  });
  return { disk, count: () => count };
}
