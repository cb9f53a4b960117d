import { parameterCountText } from '../../src/ml/model/lora.ts';
import type { TrainEvent } from '../../src/ml/train/train-event.ts';
import type { TrainOutcome } from '../../src/ml/train/train-outcome.ts';
import type { StageMessage } from '../../src/stage/message.ts';

/** An event of a training as the runner shows it. */
export function messagesOf(event: TrainEvent): readonly StageMessage[] {
  switch (event.kind) {
    case 'start':
      return [
        { kind: 'log', text: parameterCountText(event.parameters) },
        { kind: 'progress', done: event.resumedAt, total: event.total, unit: 'step' },
      ];
    case 'step': {
      const { step, loss, learningRate, gradientNorm } = event.record;
      return [
        { kind: 'progress', done: step, total: event.total, unit: 'step' },
        {
          kind: 'metric',
          step,
          values: { loss, learningRate, gradientNorm, tokensPerSecond: Math.round(event.tokensPerSecond) },
        },
      ];
    }
    case 'evaluation':
      return [
        {
          kind: 'metric',
          step: event.record.step,
          values: {
            evaluationLoss: event.record.evaluationLoss,
            selectionLoss: event.record.selectionLoss,
            ...event.record.metrics,
          },
        },
      ];
    case 'checkpoint':
      return [event];
    case 'warning':
      return [event];
  }
}

/** Why a training has no result. */
export function unfinishedText(outcome: Exclude<TrainOutcome, { kind: 'finished' }>): string {
  switch (outcome.kind) {
    case 'interrupted':
      return outcome.step === 0
        ? 'interrupted before the first step'
        : `interrupted after step ${outcome.step}; a checkpoint was written`;
    case 'diverged': {
      const what =
        outcome.during === 'step'
          ? `step ${outcome.step}: the loss is ${outcome.loss}, the gradient norm ${outcome.gradientNorm}`
          : `evaluation after step ${outcome.step}: the loss is ${outcome.loss}`;
      return (
        `${what}; the batch (rows ${outcome.rows.join(', ')}) is in ${outcome.batchFile}. A lower ` +
        'learning rate or clipping may help.'
      );
    }
    case 'failed':
      return outcome.problem;
  }
}
