import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdapterConfig } from '../../src/ml/checkpoint/adapter-config.ts';
import { fromMemory, loadAllFloat32 } from '../../src/ml/checkpoint/lazy-tensor.ts';
import type { Example } from '../../src/ml/dataset/example.ts';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import type { Feed } from '../../src/ml/model/packed-rows.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { train } from '../../src/ml/train/train.ts';
import type { TrainOptions } from '../../src/ml/train/train-options.ts';
import type { TrainEvent } from '../../src/ml/train/train-event.ts';
import type { TrainOutcome } from '../../src/ml/train/train-outcome.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { oneLayerConfig, weightValues } from '../model/tiny-model.ts';

export const plainConfig: TrainConfig = {
  method: { kind: 'full' },
  optimizer: { name: 'adamw' },
  learningRate: 5e-3,
  weightDecay: 0.01,
  schedule: { name: 'linear' },
  warmup: { ratio: 0.1 },
  length: { epochs: 2 },
  batch: 4,
  accumulation: 1,
  accumulationRule: 'means',
  maxGradientNorm: 1,
  labelSmoothing: 0,
  gradientCheckpointing: false,
  groupByLength: false,
  evaluationBatch: 8,
  evaluate: { epochs: 1 },
  selectBy: 'evaluationLoss',
  restoreBest: false,
  earlyStopping: null,
  checkpoint: null,
  keepCheckpoints: 2,
  seed: 42,
};

export const adapter: AdapterConfig = {
  baseModelNameOrPath: null,
  revision: null,
  r: 3,
  loraAlpha: 6,
  loraDropout: 0.1,
  targetModules: ['q', 'v'],
  excludeModules: null,
  layersToTransform: null,
  layersPattern: null,
  rankPattern: {},
  alphaPattern: {},
  useRslora: false,
  bias: 'none',
  modulesToSave: [],
};

/** Targets that repeat their sources, in lengths from 2 to 8: something to learn. */
export const copyExamples: readonly Example[] = Array.from({ length: 30 }, (_, row) => {
  const words = Array.from({ length: 1 + ((row * 5) % 7) }, (__, place) => 2 + ((row * 11 + place * 7) % 21));
  return { source: [...words, 1], target: [...words, 1] };
});

const validationRows = validationSplit(copyExamples.length, 0.2, 42).heldOut;

/**
 * Validation rows expect a word that no other row has: whatever is learned, the loss on them rises, and an
 * early evaluation is the best on every machine.
 */
export const misleading: readonly Example[] = copyExamples.map(({ source, target }, row) => ({
  source,
  target: target.map((word) => (word === 1 ? 1 : validationRows.includes(row) ? 22 : Math.min(word, 21))),
}));

export interface TinyTraining {
  readonly outcome: TrainOutcome;
  /** The tensors that the training wrote; none unless it came to its end. */
  readonly trained: Written;
  readonly events: readonly TrainEvent[];
  readonly scratch: string;
}

/** Trains the tiny model; `interruptAt` aborts in that step. On one thread, since a second one spins. */
export async function trainTiny(
  config: Partial<TrainConfig>,
  given: Partial<TrainOptions> & { readonly interruptAt?: number; readonly threads?: number } = {},
): Promise<TinyTraining> {
  const scratch = given.scratch ?? (await mkdtemp(join(tmpdir(), 'training-')));
  const events: TrainEvent[] = [];
  const abort = new AbortController();
  const weights = new Map(
    Object.entries(weightValues(oneLayerConfig, initialiseMt5(oneLayerConfig, 7))).flatMap(([name, value]) =>
      value.dtype === 'float32' ? [[name, value] as const] : [],
    ),
  );
  const { trained, write } = keepInMemory();
  const outcome = await train({
    model: { config: oneLayerConfig, tensors: fromMemory(weights) },
    examples: copyExamples,
    split: validationSplit((given.examples ?? copyExamples).length, 0.2, 42),
    config: { ...plainConfig, ...config },
    runtime: await openRuntime('onnx', { threads: given.threads ?? 1 }),
    signal: abort.signal,
    write,
    ...given,
    scratch,
    emit: (event) => {
      events.push(event);
      if (event.kind === 'step' && event.record.step === given.interruptAt) abort.abort();
    },
  });
  return { outcome, trained, events, scratch };
}

type FloatFeed = Feed & { readonly dtype: 'float32' };
type Written = ReadonlyMap<string, FloatFeed>;

/** Copies of what a training writes. */
export function keepInMemory(): { readonly trained: Written } & Pick<TrainOptions, 'write'> {
  const trained = new Map<string, FloatFeed>();
  return {
    trained,
    async write(tensors) {
      const loaded = await loadAllFloat32(tensors);
      if (!loaded.ok) return loaded;
      for (const [name, data] of loaded.value)
        trained.set(name, { dtype: 'float32', shape: tensors.get(name)?.shape ?? [], data });
      return { ok: true, value: undefined };
    },
  };
}

/** What must be equal, bit for bit: tensors and records. */
export function bitsOf({ outcome, trained }: Pick<TinyTraining, 'outcome' | 'trained'>): unknown {
  if (outcome.kind !== 'finished')
    throw new Error(
      `the training ended as ${outcome.kind}${outcome.kind === 'failed' ? `: ${outcome.problem}` : ''}`,
    );
  const tensors = [...trained].map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  ]);
  return { tensors, records: outcome.records, best: outcome.best };
}
