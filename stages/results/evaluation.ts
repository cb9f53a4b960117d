/** Scores of one metric profile, 0 to 1. Names as in the original experiment's files. */
export interface ProfileScores {
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
  readonly f1: number;
  readonly exact_match: number;
}

export interface BertScores {
  readonly bertscore_precision: number;
  readonly bertscore_recall: number;
  readonly bertscore_f1: number;
}

/** Ends of a 95 % interval, by name of score. */
export type Intervals = Readonly<Record<string, readonly [number, number]>>;

/** metrics.json: what `eval` writes, and `collate` and `report` read. */
export interface Evaluation {
  readonly num_samples: number;
  /** The `reference` profile: what the original experiment computed. */
  readonly metrics: ProfileScores & BertScores;
  /** The `multilingual` profile: characters or words of the language, so that Chinese counts. */
  readonly multilingual: ProfileScores;
  readonly intervals: { readonly metrics: Intervals; readonly multilingual: Intervals };
  /** What BERTScore's embeddings came from: "nano-mt5 encoder, layer 2". */
  readonly bertscore_model: string;
  /** Share of answers that hold the gold value, by slot; only for rows that name their slots. */
  readonly slot_accuracy?: Readonly<Record<string, number>>;
}

/** summary.json: what `train` writes beside the model. */
export interface TrainingSummary {
  readonly method: 'full' | 'lora';
  readonly steps: number;
  readonly trainable_parameters: number;
  readonly all_parameters: number;
  /** The model that was trained, as the params name it. */
  readonly base_model: string;
  /** The lowest loss on the validation split as the Trainer counts it: a mean of batches' means, with label smoothing. Null without a split. */
  readonly best_validation_loss: number | null;
  readonly best_step: number;
  /** Of the model that was written: the negative log-likelihood of a label token of the validation split, in nats. */
  readonly selection_loss: number | null;
  readonly train_rows: number;
  readonly validation_rows: number;
  /** Of the validation rows as token ids: equal where data, split, prompt, limits and tokenizer are. */
  readonly validation_digest: string;
}

/** One line of validation.jsonl: the losses of a validation row, summed over its label tokens, in nats. */
export interface ValidationRow {
  /** Its line in the training file, from 1. */
  readonly row: number;
  readonly tokens: number;
  readonly loss: number;
  readonly smoothed_loss: number;
}

/** One line of log.jsonl: a training step, or an evaluation on the validation split. */
export interface LogRecord {
  readonly step: number;
  readonly loss?: number;
  readonly evaluationLoss?: number;
  readonly selectionLoss?: number;
}

/** samples.json: what `qualitative` writes: one model's answers, by temperature, in the order of the questions. */
export interface Samples {
  readonly questions: readonly string[];
  readonly answers: Readonly<Record<string, readonly string[]>>;
}
