import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { sizeText } from '../../runner/wording/size-text.ts';
import type { Finding } from './finding.ts';

/** The disk that a folder is on. */
interface Disk {
  /** "ext4", the kernel's name for it; undefined if it is unavailable. */
  readonly type: string | undefined;
  readonly freeBytes: number;
}

/** For a folder that may not exist yet: the disk that it would be on. */
export function diskOf(path: string): Disk {
  const folder = nearestFolder(path);
  const { bavail, bsize } = statfsSync(folder);
  return { type: typeOf(folder), freeBytes: bavail * bsize };
}

/** `store`: the disk of the database, where that is another folder than the project's. */
export function diskFinding({ type, freeBytes }: Disk, store: Disk = { type, freeBytes }): Finding {
  const message = `${sizeText(freeBytes)} free${type === undefined ? '' : ` (${type})`}`;
  if (freeBytes < 64 << 20)
    return {
      part: 'disk',
      state: 'broken',
      message,
      help: 'make room: `pipeline gc --dry-run` lists what can be deleted from the cache',
    };
  if (store.type !== undefined && isOfNetwork(store.type)) {
    // https://sqlite.org/wal.html: "WAL does not work over a network filesystem".
    return {
      part: 'disk',
      state: 'warning',
      message:
        `${message}: the database is on a network file system (${store.type}), where SQLite locks do ` +
        'not work between machines',
      help:
        'name a folder on a local disk as "store:" in ' +
        'pipeline.machine.yaml, or never run it from two machines at once',
    };
  }
  if (freeBytes < 2 ** 31)
    return {
      part: 'disk',
      state: 'warning',
      message,
      help:
        'every result is kept twice, in artifacts and in the cache: ' +
        '`pipeline gc --dry-run` lists what can be deleted',
    };
  return { part: 'disk', state: 'good', message };
}

const nearestFolder = (path: string): string => (existsSync(path) ? path : nearestFolder(dirname(path)));

const isOfNetwork = (type: string): boolean =>
  /^(nfs|cifs|smb|9p|afs|ceph|lustre|gpfs|beegfs|fuse\.sshfs)/.test(type);

/** The type of the mount with the longest path above the folder; Linux only. */
function typeOf(folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  let [longest, type]: [string, string | undefined] = ['', undefined];
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, place = '', kind] = line.split(' ');
    // proc(5): blanks and the like are written in octal.
    const path = place.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (path.length >= longest.length && `${folder}/`.startsWith(path === '/' ? path : `${path}/`))
      [longest, type] = [path, kind];
  }
  return type;
}
