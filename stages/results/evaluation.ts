import type { Truncation } from '../../src/ml/dataset/tokenize-rows.ts';
import type { Estimate, IntervalMethod } from '../../src/ml/metrics/estimate.ts';
import type { MetricName, TextMetric } from '../../src/ml/metrics/metric-table.ts';
import type { SlotCounts } from '../../src/ml/metrics/slot-accuracy.ts';

/** Scores of the reference profile, 0 to 1, and BERTScore. */
export type ReferenceScores = Readonly<Record<MetricName, number>>;

/** Scores of the multilingual profile, 0 to 1. */
export type MultilingualScores = Readonly<Record<TextMetric, number>>;

/** The bounds of a 95 % interval, by name of score. */
export type Intervals = Readonly<Record<string, readonly [low: number, high: number]>>;

/** metrics.json: what `eval` writes, and `collate` and `report` read. */
export interface Evaluation {
  readonly num_samples: number;
  /** The `reference` profile: what the original experiment computed. */
  readonly metrics: ReferenceScores;
  /** The `multilingual` profile: words or letters of the language, so that Chinese counts. */
  readonly multilingual: MultilingualScores;
  readonly intervals: Readonly<Record<'metrics' | 'multilingual', Intervals>>;
  /** How each interval was found. */
  readonly interval_methods: Readonly<
    Record<'metrics' | 'multilingual', Readonly<Record<string, IntervalMethod>>>
  >;
  /** Scores of all answers together, 0 to 100, which no row has. */
  readonly corpus: { readonly bleu: number; readonly chrf: number };
  /** The settings with which sacrebleu gives the same numbers, as its signatures. */
  readonly signatures: { readonly bleu: string; readonly chrf: string };
  /** What BERTScore's embeddings came from: "nano-mt5 encoder, layer 2". */
  readonly bertscore_model: string;
  readonly slices: readonly Slice[];
  /** Share of answers that name the right value, by slot; only for rows that have slots. */
  readonly slot_accuracy?: Readonly<Record<string, number>>;
  readonly slots?: Readonly<Record<string, SlotCounts & Estimate>>;
  /** Of the share of a row's slots that are right. */
  readonly slot_mean?: Estimate;
  /**
   * The scores of the rows that no training row gives away, where the leaks are known; null where no row is
   * left.
   */
  readonly without_leaked?: WithoutLeaked | null;
}

/** The scores of some of the rows, as of all. */
export type WithoutLeaked = Omit<Evaluation, 'slices' | 'without_leaked' | 'signatures' | 'bertscore_model'>;

/** Some of the rows. */
export interface Slice {
  /** What they have in common: the length of the reference, whether a slot is right, a leak, their source. */
  readonly by: 'length' | 'slot' | 'leaked' | 'source';
  readonly slice: string;
  /** The shortest and the longest reference of them. */
  readonly characters: readonly [least: number, most: number];
  /** In the multilingual profile. */
  readonly rougeL: Estimate;
}

/** summary.json: what `train` writes beside the model. */
export interface TrainingSummary {
  readonly method: 'full' | 'lora';
  readonly steps: number;
  readonly trainable_parameters: number;
  readonly all_parameters: number;
  /** The model that was trained, as the params name it. */
  readonly base_model: string;
  /**
   * The lowest loss on the validation split as the Trainer counts it: a mean of batches' means, with label
   * smoothing. Null without a split.
   */
  readonly best_validation_loss: number | null;
  readonly best_step: number;
  /**
   * Of the model that was written: the negative log-likelihood of a label token of the validation split, in
   * nats. Null without a split, and of a model that was not trained: it is never chosen.
   */
  readonly selection_loss: number | null;
  /** The same of a model that was not trained. */
  readonly untrained_loss?: number;
  readonly train_rows: number;
  readonly validation_rows: number;
  /** Of the validation rows as token ids: equal where data, split, prompt, limits and tokenizer are. */
  readonly validation_digest: string;
  /**
   * The truncation of the rows: a list, since its numbers are not metrics. Absent in summaries of earlier
   * versions.
   */
  readonly truncation?: readonly (Truncation & { readonly what: string })[];
}

/** One line of validation.jsonl: the losses of a validation row, summed over its label tokens, in nats. */
export interface ValidationRow {
  /** Its line in the training file, from 1. */
  readonly row: number;
  readonly tokens: number;
  readonly loss: number;
  readonly smoothed_loss: number;
}

/**
 * samples.json: what `qualitative` writes: one model's answers, by temperature, in the order of the
 * questions.
 */
export interface Samples {
  readonly questions: readonly string[];
  readonly answers: Readonly<Record<string, readonly string[]>>;
}
