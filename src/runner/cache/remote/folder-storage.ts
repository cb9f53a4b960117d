import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileProblem } from '../../../files/file-problem.ts';
import { checkedContent } from './checked-content.ts';
import {
  type Answer,
  failed,
  type ListedFile,
  type NewContent,
  RemoteFailure,
  type RemoteFault,
  type RemoteFile,
  type RemoteStorage,
} from './remote-storage.ts';

/** A folder that machines share, as a disk of the network. The folder itself is made by hand. */
export function folderStorage(root: string, now: () => number = Date.now): RemoteStorage {
  const place = (name: string): string => join(root, name);
  const answer = <T>(name: string, act: () => Promise<T>): Promise<Answer<T>> =>
    answered(root, place(name), act);

  return {
    name: `file://${root}`,
    list: (folder) =>
      answer(folder, async () => {
        const names = await ifPresent(root, () => readdir(place(folder)));
        const found = await Promise.all(
          (names ?? []).map(async (name): Promise<ListedFile | undefined> => {
            const stats = await ifPresent(root, () => lstat(join(place(folder), name)));
            return stats?.isFile() === true
              ? { name, ageSeconds: Math.max(0, now() - stats.mtimeMs) / 1000 }
              : undefined;
          }),
        );
        return found.filter((file) => file !== undefined);
      }),
    read: (name, signal) =>
      answer(name, async () => (await ifPresent(root, () => opened(place(name), signal))) ?? undefined),
    create: (name, content, signal) =>
      answer(name, () => {
        const target = place(name);
        return written(root, target, content, signal, async (partial) => {
          try {
            await link(partial, target);
          } catch (error) {
            if (codeOf(error) === 'EEXIST') return 'present' as const;
            if (!noLinks.has(codeOf(error) ?? '')) throw error;
            // A file system without links: objects are named by content, so a lost race loses nothing.
            if ((await ifPresent(root, () => lstat(target))) !== undefined) return 'present' as const;
            await rename(partial, target);
          }
          return 'created' as const;
        });
      }),
    replace: (name, content, signal) =>
      answer(name, () =>
        written(root, place(name), content, signal, (partial) => rename(partial, place(name))),
      ),
    refresh: (name) =>
      answer(name, async () => {
        const at = now() / 1000;
        return (
          (await ifPresent(root, async () => {
            await utimes(place(name), at, at);
            return true;
          })) ?? false
        );
      }),
  };
}

const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function answered<T>(root: string, path: string, act: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    if (error instanceof RemoteFailure) return failed(error.fault);
    return failed(faultOf(root, path, error));
  }
}

function faultOf(root: string, path: string, error: unknown): RemoteFault {
  if (error instanceof NoFolder) return { kind: 'unreachable', message: `there is no folder ${root}` };
  const { code, message } = fileProblem(path, error);
  return {
    kind: code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'denied' : 'failed',
    message: `${path}: ${message}`,
  };
}

/**
 * The shared folder does not exist, for example because it is not mounted. It is never created, since that
 * could create it below a mount point.
 */
class NoFolder extends Error {}

/** Undefined where the file is missing; a missing shared folder is a fault. */
async function ifPresent<T>(root: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    await present(root);
    return undefined;
  }
}

async function present(root: string): Promise<void> {
  const stats = await lstat(root).catch(() => undefined);
  if (stats === undefined) throw new NoFolder();
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A link, a pipe or a device is not a file of the cache, and opening it must neither follow nor block. */
async function opened(path: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    if (codeOf(error) === 'ELOOP' || codeOf(error) === 'ENXIO') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  const stats = await file.stat();
  if (!stats.isFile()) {
    await file.close();
    return undefined;
  }
  const stream = file.createReadStream({ highWaterMark: 1 << 20, signal });
  // Errors after the reader has stopped are ignored.
  stream.on('error', () => undefined);
  return { size: stats.size, bytes: stream, close: () => void stream.destroy() };
}

/** Writes a file beside the target, flushes it to disk, and lets `publish` rename it. */
async function written<T>(
  root: string,
  target: string,
  content: NewContent,
  signal: AbortSignal,
  publish: (partial: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(target);
  await present(root);
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `.partial-${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(partial, 'wx');
    try {
      for await (const piece of checkedContent(content)) {
        signal.throwIfAborted();
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const result = await publish(partial);
    await synced(folder);
    return result;
  } finally {
    await unlink(partial).catch(() => undefined);
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    // Some file systems of the network cannot bring a folder to the disk.
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}
