import type { RowLoss } from './held-out-loss.ts';
import type { EvaluationRecord, TrainRecord } from './train-config.ts';
import type { ParameterCounts } from './trainee.ts';

/** What a training that came to its end did. */
export interface FinishedTraining {
  readonly parameters: ParameterCounts;
  readonly records: readonly TrainRecord[];
  /** Steps made. */
  readonly steps: number;
  /** The evaluation with the lowest loss, if any was made. */
  readonly best: EvaluationRecord | undefined;
  /** That of the parameters written: the best one if the configuration restores it, else the last. */
  readonly given: EvaluationRecord | undefined;
  /** Of the parameters written, in the order of the held-out rows; none unless requested. */
  readonly rowLosses: readonly RowLoss[];
  readonly stoppedEarly: boolean;
  readonly rows: number;
  readonly validationRows: number;
}

/** How a training ended. */
export type TrainOutcome =
  | ({ readonly kind: 'finished' } & FinishedTraining)
  /** After this step, of which there is a checkpoint (but of step 0: that is the beginning). */
  | { readonly kind: 'interrupted'; readonly step: number }
  | ({ readonly kind: 'diverged'; readonly batchFile: string } & Divergence)
  /** The input cannot be trained on, or a file could not be read or written. */
  | { readonly kind: 'failed'; readonly problem: string };

/**
 * A loss or a gradient that is not finite. The batch is saved; a step's parameters were not changed by it.
 */
export type Divergence = {
  readonly step: number;
  readonly loss: number;
  readonly rows: readonly number[];
} & ({ readonly during: 'step'; readonly gradientNorm: number } | { readonly during: 'evaluation' });
