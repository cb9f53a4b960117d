import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { type Digest, digestOf, parseDigest } from '../../../files/digest.ts';

/** A file that was copied: the digest and the number of the bytes that were written. */
export interface CopiedFile {
  readonly digest: Digest;
  readonly bytes: number;
}

/**
 * A file up to this size is read and written at once, on this thread: a stream, or a thread for each call,
 * costs more than the bytes of a small file.
 */
const atOnce = 1 << 18;

/** A buffer for each of many small files would cost more than reading them. */
const head = Buffer.allocUnsafe(atOnce);

/** Reading was aborted. */
class GivenUp extends Error {
  readonly code = 'ECANCELED';
  readonly syscall = 'read';
}

/** The digest of a file's bytes. Aborts with the signal. */
export async function digestOfFile(path: string, signal?: AbortSignal): Promise<Digest> {
  goOn(path, signal);
  const bytes = readHead(path);
  if (bytes.length < atOnce) return digestOf(bytes);
  const hash = createHash('sha256').update(bytes);
  for await (const chunk of createReadStream(path, { start: atOnce, highWaterMark: 1 << 20 })) {
    goOn(path, signal);
    hash.update(chunk);
  }
  const digest = parseDigest(hash.digest('hex'));
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
}

/**
 * Copies a file's bytes into a new file with this mode, sharing the blocks of a large one if the file system
 * can. The digest is of the written bytes, so a file that changes meanwhile has another digest.
 */
export async function copyHashed(
  from: string,
  to: string,
  mode: number,
  signal?: AbortSignal,
): Promise<CopiedFile> {
  goOn(from, signal);
  const bytes = readHead(from);
  if (bytes.length < atOnce) {
    writeNew(to, bytes, mode);
    return { digest: digestOf(bytes), bytes: bytes.length };
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const digest = await digestOfFile(to, signal);
  await chmod(to, mode);
  return { digest, bytes: statSync(to).size };
}

function goOn(path: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new GivenUp(`${path} was not read to its end`);
}

/** The first bytes of a file, all of them if they are fewer than `atOnce`. Valid until the next call. */
function readHead(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    let length = 0;
    while (length < atOnce) {
      const read = readSync(file, head, length, atOnce - length, length);
      if (read === 0) break;
      length += read;
    }
    return head.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** An incomplete file is removed. */
function writeNew(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length;)
      written += writeSync(file, bytes, written, bytes.length - written);
    // The mode that is given to open is cut by the umask.
    fchmodSync(file, mode);
  } catch (error) {
    closeSync(file);
    unlinkSync(path);
    throw error;
  }
  closeSync(file);
}
