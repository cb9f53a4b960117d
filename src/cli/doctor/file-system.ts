import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../files/disk.ts';
import { fileProblem } from '../../files/file-problem.ts';
import type { Finding } from './finding.ts';

/** How a file system does what the cache relies on. */
interface Behaviour {
  /** What publishing a result needs and was refused, with the reason. */
  readonly refused: readonly string[];
  /** What an out can hold and would not come back. */
  readonly lost: readonly string[];
  /** "a" and "A" are one name. */
  readonly foldsCase: boolean;
  /** A copy can share its blocks with the original. */
  readonly clones: boolean;
  /** How far the times that it gives to files are ahead of this machine's clock. */
  readonly secondsAhead: number;
}

/**
 * Tests the file system in a temporary folder, which is then removed; `gc` removes a folder left by a kill.
 */
export async function behaviourOf(root: string): Promise<Behaviour> {
  const cache = join(root, 'cache');
  const folder = join(isFolder(cache) ? cache : root, `.partial-${randomBytes(8).toString('hex')}`);
  const [file, other, inner] = [`${folder}/file`, `${folder}/other`, `${folder}/inner`];
  try {
    const refused: string[] = [];
    for (const [what, step] of [
      ['making a folder', async () => mkdirSync(folder)],
      ['writing a file', () => realDisk.create(file, 'a')],
      ['fsync of a file', () => realDisk.sync(file)],
      [
        'a rename over a file',
        async () => {
          await realDisk.create(other, 'b');
          await realDisk.rename(other, file);
        },
      ],
      [
        'a rename of a folder',
        async () => {
          mkdirSync(other);
          await realDisk.rename(other, inner);
        },
      ],
      ['fsync of a folder', () => realDisk.sync(inner)],
    ] as const) {
      const fault = await faultOf(step);
      if (fault === undefined) continue;
      refused.push(`${what}: ${fault}`);
      break;
    }
    if (refused.length > 0) return { refused, lost: [], foldsCase: false, clones: false, secondsAhead: 0 };
    const lost: string[] = [];
    if ((await faultOf(async () => symlinkSync('file', `${folder}/link`))) !== undefined)
      lost.push('symbolic links');
    if (!keepsMode(file, 0o755) || !keepsMode(file, 0o644)) lost.push('execute bits');
    return {
      refused,
      lost,
      foldsCase: existsSync(`${folder}/FILE`),
      clones:
        (await faultOf(async () =>
          copyFileSync(file, `${folder}/clone`, constants.COPYFILE_FICLONE_FORCE),
        )) === undefined,
      secondsAhead: (statSync(file).ctimeMs - Date.now()) / 1000,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the behaviour of a disk means for a project on it. */
export function behaviourFinding({ refused, lost, foldsCase, clones, secondsAhead }: Behaviour): Finding {
  const part = 'file system';
  if (refused.length > 0)
    return {
      part,
      state: 'broken',
      message: refused.join('; '),
      help: 'results cannot be stored: put the project on a disk that this user can write to',
    };
  if (Math.abs(secondsAhead) > 1) {
    return {
      part,
      state: 'warning',
      message:
        `its clock is ${Math.abs(secondsAhead).toFixed(0)} s ` +
        `${secondsAhead > 0 ? 'ahead of' : 'behind'} this ` +
        "machine's, so recent changes of files may be missed",
      help: 'synchronise both clocks with one time server',
    };
  }
  if (lost.length > 0)
    return {
      part,
      state: 'warning',
      message: `it does not keep ${lost.join(' and ')}: outs that contain them are not restored as they were`,
      help: 'put the project on a native file system of this machine, not on FAT or exFAT',
    };
  const facts = [
    'renames and syncs',
    ...(foldsCase ? ['treats "a" and "A" as the same name'] : []),
    clones ? 'copies share disk blocks' : 'copies use their full size on disk',
  ];
  return { part, state: 'good', message: facts.join(', ') };
}

/** Why a step failed, in words. */
async function faultOf(step: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    return fileProblem('', error).message;
  }
}

function keepsMode(file: string, mode: number): boolean {
  chmodSync(file, mode);
  return (statSync(file).mode & 0o777) === mode;
}

/** False for an unreadable path, such as a cycle of links. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
