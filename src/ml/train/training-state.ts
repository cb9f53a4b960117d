import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from '../../files/disk.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { Result } from '../../result.ts';
import { addCheckpoint, checkpointFiles, checkpointPath, checkpointSteps, readState } from './checkpoints.ts';

/**
 * Copies checkpoints of a training into a folder, so that another training continues as if it had never
 * stopped: the newest, and the one of the best evaluation, which the training may return at the end.
 */
export async function leaveState(
  scratch: string,
  folder: string,
  steps: readonly number[],
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  try {
    makeFolder(folder);
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
  for (const step of new Set(steps)) {
    const copied = await copyCheckpoint(scratch, folder, step, disk);
    if (!copied.ok) return copied;
  }
  return { ok: true, value: undefined };
}

/**
 * Copies the checkpoints of an earlier training into the scratch folder of the one that continues it, unless
 * that one is already further. The state of a different training is an error: starting from scratch instead
 * would be a surprise.
 */
export async function takeState(
  folder: string,
  scratch: string,
  fingerprint: string,
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  const [left, here] = [await checkpointSteps(folder), await checkpointSteps(scratch)];
  if (!left.ok) return left;
  if (!here.ok) return here;
  const newest = left.value.at(-1);
  if (newest === undefined)
    return { ok: false, error: { path: folder, message: 'contains no training state' } };
  const state = await readState(folder, newest);
  if (!state.ok) return state;
  if (state.value.fingerprint !== fingerprint)
    return {
      ok: false,
      error: { path: folder, message: 'is the state of a training with different rows or settings' },
    };
  if ((here.value.at(-1) ?? -1) >= newest) return { ok: true, value: undefined };
  for (const step of left.value) {
    const copied = await copyCheckpoint(folder, scratch, step, disk);
    if (!copied.ok) return copied;
  }
  return { ok: true, value: undefined };
}

const copyCheckpoint = (
  from: string,
  to: string,
  step: number,
  disk: Disk,
): Promise<Result<void, FileProblem>> =>
  addCheckpoint(
    to,
    step,
    async (partial) => {
      try {
        for (const name of checkpointFiles)
          await cp(join(checkpointPath(from, step), name), join(partial, name));
        return { ok: true, value: undefined };
      } catch (error) {
        return { ok: false, error: fileProblem(checkpointPath(from, step), error) };
      }
    },
    disk,
  );
