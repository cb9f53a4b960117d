import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Files that two machines share, over a file system that may be NFS: what one wrote is whole when the other
 * sees its name, and a name may show late. Only the owner can read them: environments hold secrets.
 */
export async function writeShared(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  const file = await open(partial, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Undefined: it is not there, as far as can be seen now. */
export function readShared(path: string): string | undefined {
  try {
    // Listing the folder makes an NFS client ask its server again, rather than remember that a name was
    // missing.
    readdirSync(dirname(path));
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error means that a file does not exist; other errors leave that open. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code));
