import type {
  BertScores,
  Evaluation,
  ProfileScores,
  TrainingSummary,
} from '../../stages/results/evaluation.ts';

/** An evaluation whose scores are 0.5 but for those given. */
export function evaluation(scores: Partial<ProfileScores & BertScores>): Evaluation {
  const metrics = {
    rouge1: 0.5,
    rouge2: 0.5,
    rougeL: 0.5,
    f1: 0.5,
    exact_match: 0.5,
    bertscore_precision: 0.5,
    bertscore_recall: 0.5,
    bertscore_f1: 0.5,
    ...scores,
  };
  return {
    num_samples: 32,
    metrics,
    multilingual: metrics,
    intervals: { metrics: {}, multilingual: { rougeL: [0.4, 0.6] } },
    bertscore_model: 'an encoder',
    slot_accuracy: { dose: 0.25, drug: 0.75 },
  };
}

/** A training with this validation loss. */
export const summary = (loss: number | null): TrainingSummary => ({
  method: 'lora',
  steps: 10,
  trainable_parameters: 1,
  all_parameters: 2,
  base_model: 'nano',
  best_validation_loss: loss,
  best_step: 10,
  selection_loss: loss,
  train_rows: 9,
  validation_rows: 1,
  validation_digest: 'a',
});
