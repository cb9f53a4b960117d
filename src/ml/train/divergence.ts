import { join } from 'node:path';
import { fileProblemText } from '../../files/file-problem.ts';
import { writeJson } from '../../files/json.ts';
import { elementsAt } from '../dataset/elements-at.ts';
import type { Example } from '../dataset/example.ts';
import type { Divergence, TrainOutcome } from './train-outcome.ts';

/** Saves the batch at which a training diverged, and returns the outcome. */
export async function diverged(
  scratch: string,
  divergence: Divergence,
  examples: readonly Example[],
): Promise<TrainOutcome> {
  const batchFile = join(scratch, `diverged-${divergence.during}-${divergence.step}.json`);
  const batch = elementsAt(examples, divergence.rows);
  const written = await writeJson(batchFile, {
    ...divergence,
    loss: String(divergence.loss),
    ...(divergence.during === 'step' ? { gradientNorm: String(divergence.gradientNorm) } : {}),
    batch,
  });
  return written.ok
    ? { kind: 'diverged', ...divergence, batchFile }
    : { kind: 'failed', problem: fileProblemText(written.error) };
}
