import { digestOf } from '../../src/files/digest.ts';
import type { Example } from '../../src/ml/dataset/example.ts';
import type { TokenizedRows } from '../../src/ml/dataset/tokenize-rows.ts';
import type { RowLoss } from '../../src/ml/train/held-out-loss.ts';
import type { FinishedTraining } from '../../src/ml/train/train-outcome.ts';
import type { TrainingSummary, ValidationRow } from '../results/evaluation.ts';
import type { TrainParams } from './train-params.ts';

/** The content of summary.json for a finished training; `validation`: the evaluated held-out rows. */
export const trainingSummary = (
  { config: { method }, baseModel }: TrainParams,
  { steps, parameters, best, given, rows, validationRows }: FinishedTraining,
  validation: readonly Example[],
  { questions, answers }: Pick<TokenizedRows, 'questions' | 'answers'>,
): TrainingSummary => ({
  method,
  base_model: baseModel,
  steps,
  trainable_parameters: parameters.trainable,
  all_parameters: parameters.all,
  best_validation_loss: best?.evaluationLoss ?? null,
  best_step: best?.step ?? steps,
  selection_loss: steps === 0 ? null : (given?.selectionLoss ?? null),
  ...(steps === 0 && given !== undefined && { untrained_loss: given.selectionLoss }),
  train_rows: rows,
  validation_rows: validationRows,
  validation_digest: digestOf(JSON.stringify(validation.map(({ source, target }) => [source, target]))),
  truncation: [
    { what: 'questions', ...questions },
    { what: 'answers', ...answers },
  ],
});

/** A line of validation.jsonl. */
export const rowLossLine = ({ row, tokens, exact, smoothed }: RowLoss): ValidationRow => ({
  row: row + 1,
  tokens,
  loss: exact,
  smoothed_loss: smoothed,
});
