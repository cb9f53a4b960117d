import { epochBatches } from '../dataset/batches.ts';
import type { Example } from '../dataset/example.ts';
import type { Every, EvaluationRecord, LossName, TrainConfig, TrainRecord } from './train-config.ts';

/** How long a training is, in steps. */
export interface Plan {
  readonly stepsPerEpoch: number;
  readonly total: number;
  readonly warmup: number;
}

/**
 * As the Trainer counts: an epoch's last step has the micro-batches that are left, and a ratio of warm-up is
 * rounded up.
 */
export function planOf({ batch, accumulation, length, warmup }: TrainConfig, rows: number): Plan {
  const stepsPerEpoch = Math.max(1, Math.ceil(Math.ceil(rows / batch) / accumulation));
  const total = 'steps' in length ? length.steps : Math.ceil(length.epochs * stepsPerEpoch);
  return { stepsPerEpoch, total, warmup: 'steps' in warmup ? warmup.steps : Math.ceil(total * warmup.ratio) };
}

/** The rows of each micro-batch of a step (from 0): a function of the seed and the step alone. */
export function batchOrder(
  examples: readonly Example[],
  config: TrainConfig,
  { stepsPerEpoch }: Plan,
): (step: number) => readonly (readonly number[])[] {
  const lengths = examples.map(({ source }) => source.length); // as the Trainer: input_ids alone
  const epochOf = (epoch: number): readonly (readonly number[])[] =>
    epochBatches(lengths, {
      seed: config.seed,
      epoch,
      batchSize: config.batch,
      groupByLength: config.groupByLength,
      accumulation: config.accumulation,
    });
  let current = { epoch: -1, batches: epochOf(0) };
  return (step) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (epoch !== current.epoch) current = { epoch, batches: epochOf(epoch) };
    const first = (step % stepsPerEpoch) * config.accumulation;
    return current.batches.slice(first, first + config.accumulation);
  };
}

/** Whether something is due after so many steps. */
export function isDue(every: Every | null, step: number, { stepsPerEpoch }: Plan): boolean {
  if (every === null || step === 0) return false;
  return step % ('steps' in every ? every.steps : stepsPerEpoch) === 0;
}

/** The records of evaluations, in order. */
export const evaluationsIn = (records: readonly TrainRecord[]): readonly EvaluationRecord[] =>
  records.filter((record): record is EvaluationRecord => 'evaluationLoss' in record);

/**
 * The first evaluation with the lowest loss; one whose loss is not a number is never the best, not even the
 * first.
 */
export function bestOf(evaluations: readonly EvaluationRecord[], by: LossName): EvaluationRecord | undefined {
  return evaluations.reduce<EvaluationRecord | undefined>(
    (best, each) => (each[by] < (best?.[by] ?? Infinity) ? each : best),
    undefined,
  );
}

/**
 * Whether early stopping ends the training after these evaluations. As transformers' EarlyStoppingCallback.
 */
export function shouldStopEarly(
  evaluations: readonly EvaluationRecord[],
  settings: TrainConfig['earlyStopping'],
  by: LossName,
): boolean {
  if (settings === null) return false;
  let [best, bad] = [Infinity, 0];
  for (const { [by]: loss } of evaluations) {
    bad = best - loss > settings.threshold ? 0 : bad + 1;
    if (loss < best) best = loss;
    if (bad >= settings.patience) return true;
  }
  return false;
}
