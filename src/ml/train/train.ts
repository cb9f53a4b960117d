import { realDisk } from '../../files/disk.ts';
import { fileProblemText } from '../../files/file-problem.ts';
import { computingPlaceOf } from '../model/computing-place.ts';
import { faultOf } from './fault.ts';
import { isDecayed } from './decay.ts';
import { loadFrozen } from './load-parameters.ts';
import type { TrainOptions } from './train-options.ts';
import type { TrainOutcome } from './train-outcome.ts';
import { traineeOf } from './trainee.ts';
import { trainingLoop } from './training-loop.ts';

/**
 * Trains a model on pairs. The result is a function of model, examples and configuration: a training that was
 * interrupted at any instant and is run again on its scratch folder ends with the same bits.
 */
export async function train({ disk = realDisk, ...options }: TrainOptions): Promise<TrainOutcome> {
  const { model, config, runtime, examples, split } = options;
  const fault = faultOf(examples, split, model.config, config, options.tokenText);
  if (fault !== undefined) return { kind: 'failed', problem: fault };
  const trainee = traineeOf(model.config, config, examples, computingPlaceOf(runtime));
  if (!trainee.ok) return { kind: 'failed', problem: trainee.error };
  const { training, evaluation, shapes } = trainee.value;

  const frozen = await loadFrozen(model.tensors, shapes);
  if (!frozen.ok) return { kind: 'failed', problem: fileProblemText(frozen.error) };
  const session = await runtime.openTraining({
    constants: frozen.value,
    entries: { evaluate: evaluation },
    training: {
      graph: training,
      trained: shapes,
      optimizer: config.optimizer,
      weightDecayOf: (name) => (isDecayed(name) ? config.weightDecay : 0),
      accumulation: config.accumulation,
    },
  });
  try {
    return await trainingLoop({
      ...options,
      disk,
      trainee: trainee.value,
      frozen: frozen.value,
      session,
      heldOut: {
        session,
        config: model.config,
        examples,
        rows: split.heldOut,
        batch: config.evaluationBatch,
      },
    });
  } finally {
    await session.release();
  }
}
