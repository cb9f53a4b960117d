import type { Disk } from '../../files/disk.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Example } from '../dataset/example.ts';
import type { Split } from '../dataset/split.ts';
import type { Feeds } from '../model/packed-rows.ts';
import type { TrainingRuntime } from '../runtime/runtime.ts';
import type { TrainConfig } from './train-config.ts';
import type { TrainEvent } from './train-event.ts';
import type { FinishedTraining } from './train-outcome.ts';

/** The inputs of a training. */
export interface TrainOptions {
  readonly model: { readonly config: Mt5Config; readonly tensors: LazyTensors };
  /**
   * The tensors of an adapter whose training is continued, as its configuration requires; without them it
   * starts untrained.
   */
  readonly adapter?: LazyTensors | undefined;
  readonly examples: readonly Example[];
  /** The text of a token, for messages. */
  readonly tokenText?: (id: number) => string;
  /** Of the examples, those that are evaluated on and those that are trained on. */
  readonly split: Split;
  readonly config: TrainConfig;
  readonly runtime: TrainingRuntime;
  /** A folder for checkpoints. A training that finds its own checkpoints resumes from the newest. */
  readonly scratch: string;
  /**
   * On abort, the current step is finished and a checkpoint written; an evaluation in progress is dropped,
   * and repeated when the training resumes.
   */
  readonly signal: AbortSignal;
  readonly emit: (event: TrainEvent) => void;
  /**
   * Measures the model besides its validation loss, for example by generation, from all its parameters, an
   * adapter merged. Must be a function of them; may throw the signal's reason when it is aborted.
   */
  readonly measure?: ((parameters: Feeds) => Promise<Readonly<Record<string, number>>>) | undefined;
  /**
   * Writes the result: all parameters, or the adapter's. They are read from the engine while they are
   * written, fastest in the order of their names, and are gone afterwards.
   */
  readonly write: (trained: LazyTensors, finished: FinishedTraining) => Promise<Result<void, FileProblem>>;
  /** Computes the losses of the held-out rows at the end: one more pass over them. */
  readonly wantsRowLosses?: boolean;
  /** Stops after so many epochs of the schedule, which is that of the whole training. */
  readonly stopAtEpoch?: number | undefined;
  /** The state that the same training left when it stopped: the training resumes from it. */
  readonly takeStateFrom?: string | undefined;
  /** The folder for its state, from which another training can resume. */
  readonly leaveStateIn?: string | undefined;
  readonly disk?: Disk;
}
