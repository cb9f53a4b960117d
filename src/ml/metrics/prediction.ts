import type { MetricName, TextMetric } from './metric-table.ts';
import type { SlotOutcome } from './slot-accuracy.ts';

/** A line of predictions.jsonl: what a model answered to a test question, and the answer of the data set. */
export interface Prediction {
  readonly question: string;
  readonly prediction: string;
  readonly reference: string;
}

/** A prediction with its counts for the evaluation. */
export interface ScoredPrediction extends Prediction {
  readonly scores: {
    readonly reference: Readonly<Record<MetricName, number>>;
    readonly multilingual: Readonly<Record<TextMetric, number>>;
  };
  /** Of each slot of the row: only where the data names slots. */
  readonly slots?: Readonly<Record<string, SlotOutcome>>;
  /** The row's source, if the data has one. */
  readonly source?: string;
}
