import type { Mt5Config } from '../../../ml/checkpoint/mt5-config.ts';
import type { Example } from '../../../ml/dataset/example.ts';
import { hashOfText } from '../../../ml/model/random-values.ts';
import type { StepResult, TrainingRuntime, TrainingSession } from '../../../ml/runtime/runtime.ts';
import { stepFeeds } from '../../../ml/train/micro-batch.ts';
import type { TrainConfig } from '../../../ml/train/train-config.ts';
import { computingPlaceOf } from '../../../ml/model/computing-place.ts';
import { traineeOf } from '../../../ml/train/trainee.ts';

/** The widths of mt5-small, with half its layers and few words: a step takes seconds on a CPU. */
export const smallModel: Mt5Config = {
  modelType: 'mt5',
  vocabSize: 4096,
  dModel: 512,
  dKv: 64,
  dFf: 1024,
  numLayers: 4,
  numDecoderLayers: 4,
  numHeads: 6,
  relativeAttentionNumBuckets: 32,
  relativeAttentionMaxDistance: 128,
  dropoutRate: 0.1,
  layerNormEpsilon: 1e-6,
  initializerFactor: 1,
  activation: 'gelu_new',
  gated: true,
  tieWordEmbeddings: false,
  scaleDecoderOutputs: false,
  padTokenId: 0,
  eosTokenIds: [1],
  decoderStartTokenId: 0,
  other: {},
};

/** Whole, by AdamW, with dropout. */
export const smallTraining = (batch: number): TrainConfig => ({
  method: { kind: 'full' },
  optimizer: { name: 'adamw' },
  learningRate: 1e-4,
  weightDecay: 0.01,
  schedule: { name: 'constant' },
  warmup: { steps: 0 },
  length: { steps: 1 },
  batch,
  accumulation: 1,
  accumulationRule: 'means',
  maxGradientNorm: 1,
  labelSmoothing: 0,
  gradientCheckpointing: false,
  groupByLength: false,
  evaluationBatch: batch,
  evaluate: null,
  selectBy: 'evaluationLoss',
  restoreBest: false,
  earlyStopping: null,
  checkpoint: null,
  keepCheckpoints: 1,
  seed: 42,
});

/** Rows of random words, of these lengths on both sides. */
export const randomRows = (lengths: readonly number[]): readonly Example[] =>
  lengths.map((length, row) => ({
    source: randomWords(`source ${row}`, length),
    target: randomWords(`target ${row}`, length),
  }));

const randomWords = (name: string, length: number): readonly number[] =>
  Array.from({ length }, (_, place) => 3 + ((hashOfText(`${name} ${place}`) >>> 0) % 4000));

interface SmallTraining {
  readonly session: TrainingSession;
  /** The trained parameters, by name. */
  readonly names: Iterable<string>;
  /** From 1 on. */
  readonly step: (number: number) => Promise<StepResult>;
}

/** A training of that model on some rows, each step with all of them. `fill` sets the trained parameters. */
export async function openSmallTraining(
  runtime: TrainingRuntime,
  rows: readonly Example[],
  fill: (name: string, into: Float32Array) => void,
): Promise<SmallTraining> {
  const config = smallTraining(rows.length);
  const trainee = traineeOf(smallModel, config, rows, computingPlaceOf(runtime));
  if (!trainee.ok) throw new Error(trainee.error);
  const { training: graph, shapes: trained } = trainee.value;
  const { optimizer, weightDecay, accumulation, learningRate, maxGradientNorm } = config;
  const session = await runtime.openTraining({
    entries: {},
    training: { graph, trained, optimizer, weightDecayOf: () => weightDecay, accumulation },
  });
  await session.assign(trained.keys(), async (name, into) => {
    fill(name, into);
    return { ok: true, value: undefined };
  });
  return {
    session,
    names: trained.keys(),
    step: (number) =>
      session.step(stepFeeds([rows], number - 1, smallModel, config, trainee.value), {
        step: number,
        learningRate,
        maxGradientNorm,
      }),
  };
}
