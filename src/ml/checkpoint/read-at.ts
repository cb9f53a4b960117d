import { open, stat } from 'node:fs/promises';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';

/** Node reads at most 2 GiB at once; pieces are smaller also so that other work comes in between. */
const piece = 1 << 28;

/** Fills `bytes` from the file, starting at `position`. Opens and closes the file itself. */
export async function readAt(
  path: string,
  position: number,
  bytes: Uint8Array,
): Promise<Result<void, FileProblem>> {
  try {
    const file = await open(path, 'r');
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await file.read(
          bytes,
          done,
          Math.min(piece, bytes.length - done),
          position + done,
        );
        if (bytesRead === 0)
          return {
            ok: false,
            error: {
              path,
              message:
                `ends at byte ${position + done}, expected ${bytes.length - done} more: the file is ` +
                'truncated, or changed while it was read',
            },
          };
        done += bytesRead;
      }
      return { ok: true, value: undefined };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}

/** A file's size in bytes. */
export async function fileSize(path: string): Promise<Result<number, FileProblem>> {
  try {
    return { ok: true, value: (await stat(path)).size };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}
