import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { orderedBatches } from '../dataset/batches.ts';
import { elementsAt } from '../dataset/elements-at.ts';
import type { Example } from '../dataset/example.ts';
import type { Session } from '../runtime/runtime.ts';
import { evaluationFeeds } from './micro-batch.ts';

export interface HeldOut {
  /** `evaluate` gives the token losses of a batch with the current parameters. */
  readonly session: Session<'evaluate'>;
  readonly config: Mt5Config;
  /** Of all rows; `rows` selects the held-out ones. */
  readonly examples: readonly Example[];
  readonly rows: readonly number[];
  /** Rows of a batch whose mean counts once in the Trainer's loss. */
  readonly batch: number;
}

/** The loss of one held-out row: sums over its label tokens. */
export interface RowLoss {
  readonly row: number;
  readonly tokens: number;
  /** Negative log-likelihood. */
  readonly exact: number;
  /** With the training's label smoothing. */
  readonly smoothed: number;
}

/** Rows of a batch that is evaluated: always as many, so that no setting of a training moves a row's loss. */
export const evaluatedTogether = 8;

/**
 * The losses of the held-out rows. It ends early, with the rows of that batch as `spoiledBy`, where one is
 * not finite. Throws the signal's reason when it is aborted.
 */
export async function heldOutLosses(
  { session, config, examples, rows }: HeldOut,
  signal: AbortSignal,
): Promise<{ readonly losses: readonly RowLoss[]; readonly spoiledBy?: readonly number[] }> {
  const losses: RowLoss[] = [];
  for (const places of orderedBatches(rows.length, evaluatedTogether)) {
    signal.throwIfAborted();
    const batch = elementsAt(rows, places);
    const feeds = evaluationFeeds(elementsAt(examples, batch), config);
    const { exact, smoothed = exact } = await session.run('evaluate', feeds);
    if (exact?.dtype !== 'float32' || smoothed?.dtype !== 'float32')
      throw new Error('the session returned no token losses');
    let start = 0;
    for (const row of batch) {
      const tokens = examples[row]?.target.length ?? 0;
      const sumOf = (values: Float32Array): number =>
        values.subarray(start, start + tokens).reduce((sum, value) => sum + value, 0);
      losses.push({ row, tokens, exact: sumOf(exact.data), smoothed: sumOf(smoothed.data) });
      start += tokens;
    }
    if (losses.some((loss) => !Number.isFinite(loss.smoothed))) return { losses, spoiledBy: batch };
  }
  return { losses };
}

/**
 * As transformers' Seq2SeqTrainer: the mean over batches of their means, a smaller last batch counting as
 * much as the others.
 */
export function trainerLoss(losses: readonly RowLoss[], batch: number): number {
  const batches = orderedBatches(losses.length, batch).map((places) => elementsAt(losses, places));
  const means = batches.map((rows) => perToken(rows, ({ smoothed }) => smoothed));
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

/** The negative log-likelihood of a label token, without smoothing: neither batches nor smoothing move it. */
export const selectionLoss = (losses: readonly RowLoss[]): number => perToken(losses, ({ exact }) => exact);

const perToken = (losses: readonly RowLoss[], sumOf: (loss: RowLoss) => number): number =>
  losses.reduce((sum, loss) => sum + sumOf(loss), 0) / losses.reduce((sum, { tokens }) => sum + tokens, 0);
