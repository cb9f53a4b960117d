import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { orderedBatches } from '../dataset/batches.ts';
import { elementsAt } from '../dataset/elements-at.ts';
import type { Example } from '../dataset/example.ts';
import type { Feeds } from '../model/packed-rows.ts';
import type { Program } from '../runtime/runtime.ts';
import { evaluationFeeds } from './micro-batch.ts';

export interface HeldOut {
  readonly program: Program;
  readonly config: Mt5Config;
  /** Of all rows; `rows` says which of them are held out. */
  readonly examples: readonly Example[];
  readonly rows: readonly number[];
  readonly batch: number;
  readonly headParts: number;
}

export interface HeldOutLoss {
  readonly loss: number;
  /** The rows of the batch whose loss is not finite, at which the evaluation stopped. */
  readonly spoiledBy?: readonly number[];
}

/** The mean over the batches' means. Throws the signal's reason when it is aborted. */
export async function heldOutLoss(
  { program, config, examples, rows, batch, headParts }: HeldOut,
  parameters: Feeds,
  signal: AbortSignal,
): Promise<HeldOutLoss> {
  const batches = orderedBatches(rows.length, batch).map((places) => elementsAt(rows, places));
  let sum = 0;
  for (const batchRows of batches) {
    signal.throwIfAborted();
    const feeds = evaluationFeeds(elementsAt(examples, batchRows), config, headParts);
    const loss = Number((await program.run({ ...parameters, ...feeds }))['loss']?.data[0]);
    if (!Number.isFinite(loss)) return { loss, spoiledBy: batchRows };
    sum += loss;
  }
  return { loss: sum / batches.length };
}
