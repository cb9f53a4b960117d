import { type CompiledTraining, trainedOf } from './compiled-training.ts';
import { diverged } from './divergence.ts';
import { heldOutLosses, type RowLoss, selectionLoss, trainerLoss } from './held-out-loss.ts';
import { bestOf, evaluationsIn, isDue, type Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { EvaluationRecord } from './train-config.ts';
import type { TrainOutcome } from './train-outcome.ts';

/** Whether the held-out rows are to be evaluated before the next step. */
export function isEvaluationPending(
  { config, heldOut }: CompiledTraining,
  plan: Plan,
  { step, records }: Progress,
): boolean {
  if (heldOut.rows.length === 0 || !(isDue(config.evaluate, step, plan) || step === plan.total)) return false;
  return evaluationsIn(records).at(-1)?.step !== step;
}

/**
 * Whether it is the best so far; an evaluation that is interrupted leaves nothing. Or how the training ends,
 * if the loss is not finite.
 */
export async function evaluate(
  compiled: CompiledTraining,
  plan: Plan,
  { step, records }: Progress,
): Promise<'best' | 'not best' | TrainOutcome> {
  const { config, examples, scratch, signal, emit, measure, trainee, frozen, heldOut } = compiled;
  const measured = await unlessAborted(signal, async () => {
    const { losses, spoiledBy } = await heldOutLosses(heldOut, signal);
    return {
      losses,
      spoiledBy,
      metrics:
        measure === undefined || spoiledBy !== undefined
          ? {}
          : { metrics: await measure(trainee.plain({ ...frozen, ...(await trainedOf(compiled)) })) },
    };
  });
  if (measured === 'aborted') return 'not best';
  const { losses, spoiledBy, metrics } = measured;
  const evaluationLoss = trainerLoss(losses, heldOut.batch);
  if (spoiledBy !== undefined)
    return diverged(scratch, { during: 'evaluation', step, loss: evaluationLoss, rows: spoiledBy }, examples);
  const record: EvaluationRecord = {
    step,
    epoch: step / plan.stepsPerEpoch,
    evaluationLoss,
    selectionLoss: selectionLoss(losses),
    ...metrics,
  };
  records.push(record);
  const best = bestOf(evaluationsIn(records), config.selectBy) === record;
  emit({ kind: 'evaluation', record, best });
  return best ? 'best' : 'not best';
}

async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | 'aborted'> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 'aborted';
    throw error;
  }
}

/** The losses of the held-out rows, if they are wanted. */
export async function rowLossesOf({
  wantsRowLosses = false,
  heldOut,
  signal,
}: CompiledTraining): Promise<readonly RowLoss[] | 'aborted'> {
  if (!wantsRowLosses) return [];
  const found = await unlessAborted(signal, () => heldOutLosses(heldOut, signal));
  return found === 'aborted' ? found : found.losses;
}
