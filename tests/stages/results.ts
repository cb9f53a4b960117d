import type { Estimate } from '../../src/ml/metrics/estimate.ts';
import type { MetricName } from '../../src/ml/metrics/metric-table.ts';
import type { Evaluation, TrainingSummary } from '../../stages/results/evaluation.ts';

/** An evaluation whose scores are 0.5 but for those given. */
export function evaluation(scores: Partial<Record<MetricName, number>>): Evaluation {
  const metrics = {
    rouge1: 0.5,
    rouge2: 0.5,
    rougeL: 0.5,
    f1: 0.5,
    bertscore_precision: 0.5,
    bertscore_recall: 0.5,
    bertscore_f1: 0.5,
    exact_match: 0.5,
    ...scores,
  };
  return {
    num_samples: 32,
    metrics,
    multilingual: metrics,
    intervals: { metrics: {}, multilingual: { rougeL: [0.4, 0.6] } },
    interval_methods: { metrics: {}, multilingual: { rougeL: 'bootstrap-t' } },
    corpus: { bleu: 12.5, chrf: 40 },
    signatures: { bleu: 'BLEU', chrf: 'chrF2' },
    bertscore_model: 'an encoder',
    slices: [],
    slots: { dose: slot(0.25), drug: slot(0.75) },
    slot_mean: share(0.5),
  };
}

/** The same, of so few rows that the least and the greatest stand for an interval. */
export function smallEvaluation(range: readonly [low: number, high: number]): Evaluation {
  const found = evaluation({});
  return {
    ...found,
    num_samples: 6,
    intervals: { metrics: {}, multilingual: { rougeL: range } },
    interval_methods: { metrics: {}, multilingual: { rougeL: 'range' } },
  };
}

const share = (mean: number): Estimate => ({ mean, low: 0.3, high: 0.7, rows: 32, method: 'bootstrap-t' });

const slot = (mean: number) => ({ ...share(mean), named: 8, other: 8, negated: 8, missing: 8 });

/** A training with this validation loss. */
export const summary = (loss: number | null, changes: Partial<TrainingSummary> = {}): TrainingSummary => ({
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
  ...changes,
});
