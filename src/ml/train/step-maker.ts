import { elementsAt } from '../dataset/elements-at.ts';
import type { CompiledTraining } from './compiled-training.ts';
import { diverged } from './divergence.ts';
import { fillOf, stepFeeds } from './micro-batch.ts';
import { batchOrder, evaluationsIn, type Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import { relativeStep } from './relative-step.ts';
import { scheduleFactor } from './schedule.ts';
import type { EvaluationRecord, StepRecord, TrainConfig } from './train-config.ts';
import type { TrainOutcome } from './train-outcome.ts';

/** Gives what makes the next step, and returns the outcome if the training diverged. */
export function stepMaker(
  { model, config, examples, scratch, emit, trainee, session, split: { kept: rows } }: CompiledTraining,
  plan: Plan,
  progress: Progress,
): () => Promise<TrainOutcome | undefined> {
  const trainingRows = elementsAt(examples, rows);
  const batchesOf = batchOrder(trainingRows, config, plan);
  return async () => {
    const { step, records } = progress;
    const batches = batchesOf(step);
    const microBatches = batches.map((batch) => elementsAt(trainingRows, batch));
    const started = performance.now();
    const learningRate = learningRateOf(config, plan, step, evaluationsIn(records));
    const { loss, gradientNorm } = await session.step(
      stepFeeds(microBatches, step, model.config, config, trainee),
      { step: step + 1, learningRate, maxGradientNorm: config.maxGradientNorm },
    );
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      return diverged(
        scratch,
        { during: 'step', step: step + 1, loss, gradientNorm, rows: elementsAt(rows, batches.flat()) },
        examples,
      );
    progress.step = step + 1;
    const record: StepRecord = {
      step: step + 1,
      epoch: (step + 1) / plan.stepsPerEpoch,
      loss,
      learningRate,
      gradientNorm,
      ...fillOf(microBatches),
    };
    records.push(record);
    emit({
      kind: 'step',
      record,
      total: plan.total,
      tokensPerSecond: record.tokens / ((performance.now() - started) / 1000),
    });
    return undefined;
  };
}

function learningRateOf(
  config: TrainConfig,
  plan: Plan,
  step: number,
  evaluations: readonly EvaluationRecord[],
): number {
  const { optimizer, learningRate, schedule } = config;
  if (optimizer.name === 'adafactor' && (optimizer.relativeStep ?? true))
    return relativeStep(step + 1, optimizer.warmupInit ?? false);
  return (
    learningRate *
    scheduleFactor(
      schedule,
      step,
      { warmup: plan.warmup, total: plan.total, learningRate },
      evaluations.map((evaluation) => evaluation[config.selectBy]),
    )
  );
}
