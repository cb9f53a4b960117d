import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { adapter, plainConfig } from '../train/tiny-training.ts';

const base: TrainConfig = {
  ...plainConfig,
  length: { epochs: 5 },
  batch: 3,
  checkpoint: { steps: 3 },
  restoreBest: true,
  keepCheckpoints: 2,
};

/** Trainings to be killed: between them, everything that a resumed one could forget. */
export const trainings: Readonly<Record<string, TrainConfig>> = {
  'full, accumulating, evaluated amid epochs': { ...base, accumulation: 2, evaluate: { steps: 4 } },
  'full, stopped early, by a schedule that follows the evaluations': {
    ...base,
    length: { epochs: 30 },
    learningRate: 0.1,
    schedule: { name: 'reduce_lr_on_plateau', patience: 1, factor: 0.3 },
    evaluate: { steps: 3 },
    earlyStopping: { patience: 3, threshold: 0.01 },
  },
  'LoRA with dropout, rows grouped by length': {
    ...base,
    method: { kind: 'lora', adapter },
    accumulation: 2,
    groupByLength: true,
  },
  'Adafactor with a first moment, layers computed again, labels smoothed': {
    ...base,
    optimizer: { name: 'adafactor', relativeStep: true, beta1: 0.9 },
    gradientCheckpointing: true,
    labelSmoothing: 0.1,
  },
  'LoRA, measured by generation': {
    ...base,
    method: { kind: 'lora', adapter },
    length: { steps: 14 },
    evaluate: { steps: 3 },
    checkpoint: { steps: 2 },
  },
};
