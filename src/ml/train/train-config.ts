import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import type { OptimizerSettings } from '../runtime/optimizer.ts';
import type { Schedule } from './schedule.ts';

/**
 * How a model is trained. What the same settings do in transformers' Seq2SeqTrainer (4.57.1), they do here.
 */
export interface TrainConfig {
  /** All parameters, or an adapter beside them (and what its configuration trains whole). */
  readonly method: { readonly kind: 'full' } | { readonly kind: 'lora'; readonly adapter: AdapterConfig };
  readonly optimizer: OptimizerSettings;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly schedule: Schedule;
  readonly warmup: { readonly steps: number } | { readonly ratio: number };
  /** Where the training ends. Epochs need not be whole; 0 leaves the model unchanged. */
  readonly length: { readonly epochs: number } | { readonly steps: number };
  /** Rows of a micro-batch. */
  readonly batch: number;
  /** Micro-batches of a step. */
  readonly accumulation: number;
  /**
   * What a step's loss is: the mean of its micro-batches' means (the Trainer for T5 and mT5), or of all its
   * tokens.
   */
  readonly accumulationRule: 'means' | 'tokens';
  /** The L2 norm that gradients are clipped to; null leaves them. */
  readonly maxGradientNorm: number | null;
  readonly labelSmoothing: number;
  /**
   * Gradient checkpointing: layers are computed again on the way back. The same numbers with less memory and
   * more time.
   */
  readonly gradientCheckpointing: boolean;
  /** Batches of rows whose sources are of similar length. */
  readonly groupByLength: boolean;
  /** Rows of a batch of evaluation: the Seq2SeqTrainer's loss is the mean of their means. */
  readonly evaluationBatch: number;
  /** When to evaluate; the end of the training is always evaluated, where rows are held out. */
  readonly evaluate: Every | null;
  /**
   * Which loss chooses the best evaluation, stops early and lowers the rate on a plateau; the Trainer's is
   * `evaluationLoss`.
   */
  readonly selectBy: LossName;
  /** Returns the parameters of the evaluation with the lowest loss, not the last ones. */
  readonly restoreBest: boolean;
  /** Ends when so many evaluations in a row have not lowered the loss by more than the threshold. */
  readonly earlyStopping: { readonly patience: number; readonly threshold: number } | null;
  /** When to write a checkpoint, beside those of the best evaluations and of an interruption. */
  readonly checkpoint: Every | null;
  /** The most checkpoints to keep; that of the best evaluation is never the one to go. */
  readonly keepCheckpoints: number;
  readonly seed: number;
  /**
   * How the runtime multiplies matrices, where not in float32: a checkpoint of one precision is not resumed
   * from in the other.
   */
  readonly precision?: 'bf16';
}

export type LossName = 'evaluationLoss' | 'selectionLoss';

export type Every = { readonly steps: number } | { readonly epochs: 1 };

/**
 * A line of the training's series: a step, or an evaluation after it. No clock times: the same training gives
 * the same lines.
 */
export type TrainRecord = StepRecord | EvaluationRecord;

export interface StepRecord {
  /** From 1 on. */
  readonly step: number;
  readonly epoch: number;
  /** Before the step's update. */
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Source and target tokens of the step, without padding. */
  readonly tokens: number;
  /** The share of padding in the step's blocks. */
  readonly padding: number;
}

export interface EvaluationRecord {
  readonly step: number;
  readonly epoch: number;
  /** The Trainer's: the mean of batches' means, with label smoothing. */
  readonly evaluationLoss: number;
  /** The negative log-likelihood of a label token: comparable between trainings. */
  readonly selectionLoss: number;
  /** What the caller measures beside the loss. */
  readonly metrics?: Readonly<Record<string, number>>;
}
