import { createHash } from 'node:crypto';
import type { Disk } from '../../files/disk.ts';
import { fileProblemText, type FileProblem, isDamage } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Example } from '../dataset/example.ts';
import type { Split } from '../dataset/split.ts';
import { dropoutGenerator } from '../model/mt5-dropout.ts';
import {
  checkpointSteps,
  readState,
  removeCheckpoints,
  type TensorReader,
  tensorReader,
  type TrainingState,
} from './checkpoints.ts';
import type { TrainConfig } from './train-config.ts';

/** A hash of what must be equal in a training and in the one that resumes from its checkpoints. */
export function fingerprintOf(
  config: TrainConfig,
  model: Mt5Config,
  examples: readonly Example[],
  { heldOut }: Split,
): string {
  const hash = createHash('sha256').update(
    JSON.stringify([
      dropoutGenerator,
      config,
      model,
      heldOut,
      examples.map(({ source, target }) => [source.length, target.length]),
    ]),
  );
  for (const { source, target } of examples) hash.update(Int32Array.from([...source, ...target]));
  return hash.digest('hex');
}

/**
 * Restores the training state from the newest intact checkpoint, and returns where to continue; "anew" if
 * there is none. Damaged checkpoints and those of another training are removed with a warning; one that
 * cannot be read is kept, and the training does not start.
 */
export async function resume(
  scratch: string,
  fingerprint: string,
  fill: (reader: TensorReader) => Promise<Result<void, FileProblem>>,
  warn: (text: string) => void,
  disk: Disk,
): Promise<Result<Pick<TrainingState, 'step' | 'records'> | 'anew', FileProblem>> {
  const steps = await checkpointSteps(scratch);
  if (!steps.ok) return steps;
  for (const step of steps.value.toReversed()) {
    const state = await readState(scratch, step);
    if (state.ok && state.value.fingerprint !== fingerprint) {
      warn(
        `${scratch} contained checkpoints of a training with different rows or settings; they were removed`,
      );
      const removed = await removeCheckpoints(scratch, 0, disk);
      return removed.ok ? { ok: true, value: 'anew' } : removed;
    }
    const reader = state.ok ? await tensorReader(scratch, step) : state;
    const filled = reader.ok ? await fill(reader.value) : reader;
    if (state.ok && filled.ok) return state;
    if (!filled.ok && !isDamage(filled.error))
      return {
        ok: false,
        error: {
          ...filled.error,
          message:
            `${filled.error.message}; the checkpoint of step ${step} was left unchanged: fix its ` +
            'permissions and run again',
        },
      };
    if (!filled.ok)
      warn(
        `the checkpoint of step ${step} cannot be used and was removed; the training resumes from an ` +
          `earlier one, if any: ${fileProblemText(filled.error)}`,
      );
    const removed = await removeCheckpoints(scratch, step, disk);
    if (!removed.ok) return removed;
  }
  return { ok: true, value: 'anew' };
}
