import { type Disk, realDisk } from '../../files/disk.ts';
import { fileProblemText } from '../../files/file-problem.ts';
import type { LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { validationSplit } from '../dataset/split.ts';
import type { Feeds } from '../model/packed-rows.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { faultOf } from './fault.ts';
import { createKernels } from './kernels/kernels.ts';
import { loadFrozen } from './load-parameters.ts';
import { createStepper } from './stepper.ts';
import type { Example, TrainConfig } from './train-config.ts';
import type { TrainEvent } from './train-event.ts';
import type { TrainOutcome } from './train-outcome.ts';
import { traineeOf } from './trainee.ts';
import { trainingLoop } from './training-loop.ts';

export interface TrainOptions {
  readonly model: { readonly config: Mt5Config; readonly tensors: LazyTensors };
  /** The tensors of an adapter that is trained on, all that its configuration asks for; without them it begins untrained. */
  readonly adapter?: LazyTensors | undefined;
  readonly examples: readonly Example[];
  readonly config: TrainConfig;
  readonly runtime: Runtime;
  /** A folder for checkpoints. A training that finds its own there goes on from the newest. */
  readonly scratch: string;
  /** Aborted: the step in work is finished and a checkpoint written; an evaluation in work is left, and made when the training goes on. */
  readonly signal: AbortSignal;
  readonly emit: (event: TrainEvent) => void;
  /**
   * Measures the model beside its validation loss, say by generation, from all its parameters, an adapter merged. Has to be
   * a function of them; may throw the signal's reason when it is aborted.
   */
  readonly measure?: ((parameters: Feeds) => Promise<Readonly<Record<string, number>>>) | undefined;
  readonly disk?: Disk;
}

/**
 * Trains a model on pairs. The result is a function of model, examples and configuration: a training that was interrupted
 * at any instant and is run again on its scratch folder ends with the same bits.
 */
export async function train({ disk = realDisk, ...options }: TrainOptions): Promise<TrainOutcome> {
  const { model, config, runtime, examples } = options;
  const fault = faultOf(examples, model.config, config);
  if (fault !== undefined) return { kind: 'failed', problem: fault };
  const trainee = traineeOf(model.config, config, examples);
  if (!trainee.ok) return { kind: 'failed', problem: trainee.error };
  const { training, evaluation, shapes, headParts } = trainee.value;
  const { heldOut, kept } = validationSplit(examples.length, config.validationFraction, config.seed);

  const programs = {
    training: await runtime.compile(training.graph),
    evaluation: await runtime.compile(evaluation),
  };
  try {
    const frozen = await loadFrozen(model.tensors, shapes);
    if (!frozen.ok) return { kind: 'failed', problem: fileProblemText(frozen.error) };
    const stepper = createStepper({
      graph: training,
      program: programs.training,
      shapes,
      frozen: frozen.value,
      optimizer: config.optimizer,
      weightDecay: config.weightDecay,
      accumulation: config.accumulation,
      kernels: createKernels(),
    });
    return await trainingLoop({
      ...options,
      disk,
      trainee: trainee.value,
      stepper,
      rows: kept,
      heldOut: {
        program: programs.evaluation,
        config: model.config,
        examples,
        rows: heldOut,
        batch: config.evaluationBatch,
        headParts,
      },
    });
  } finally {
    await programs.training.release();
    await programs.evaluation.release();
  }
}
