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
  const reported =
    <Arguments extends unknown[], Answer>(name: keyof WorkspaceDisk, act: (...given: Arguments) => Answer) =>
    (...given: Arguments): Answer => {
      before({ name, paths: given.filter((argument) => typeof argument === 'string') });
      return act(...given);
    };
  // A promise that rejects, as the real one's would: not an exception out of the call.
  const reportedLater =
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
    lstat: reported('lstat', disk.lstat),
    stat: reported('stat', disk.stat),
    list: reported('list', disk.list),
    readLink: reported('readLink', disk.readLink),
    realPath: reported('realPath', disk.realPath),
    makeFolder: reported('makeFolder', disk.makeFolder),
    makeLink: reported('makeLink', disk.makeLink),
    setMode: reported('setMode', disk.setMode),
    digest: reportedLater('digest', disk.digest),
    copy: reportedLater('copy', disk.copy),
    copyHashed: reportedLater('copyHashed', disk.copyHashed),
    syncAll: reportedLater('syncAll', disk.syncAll),
    create: reportedLater('create', disk.create),
    sync: reportedLater('sync', disk.sync),
    rename: reportedLater('rename', disk.rename),
    remove: reportedLater('remove', disk.remove),
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
