import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Example } from '../dataset/example.ts';
import { evaluatedTogether } from '../train/held-out-loss.ts';
import { elementCount } from '../element-count.ts';
import type { ComputingPlace } from '../model/computing-place.ts';
import { optimizerMemory } from '../runtime/optimizer.ts';
import { type DeclaredInput, type Given, sizesOfFeeds } from '../runtime/sizes-of-feeds.ts';
import type { TrainingGraph } from '../model/mt5-loss.ts';
import { textAt } from '../tensor/attribute.ts';
import { evaluate } from '../tensor/dimension.ts';
import { inputsFirst } from '../tensor/walk.ts';
import { stepFeeds } from '../train/micro-batch.ts';
import type { TrainConfig } from '../train/train-config.ts';
import { traineeOf } from '../train/trainee.ts';
import type { Result } from '../../result.ts';
import { onnxMemory } from './onnx-memory.ts';
import { tensorflowMemory } from './tensorflow-memory.ts';

/** Where a training computes, and on what. */
export interface TrainingPlace extends ComputingPlace {
  /** Of every row of a batch: the longest that are allowed. */
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

/** Bytes by purpose. */
export type TrainingMemory = Readonly<Record<MemoryPartName, number>>;

export type MemoryPartName =
  | 'weights'
  | 'gradients'
  | 'moments'
  | 'accumulated gradients'
  | 'activations'
  | 'logits'
  | 'copies in host memory'
  | 'allocator slack'
  | 'library';

/**
 * The memory that a training takes at most, on its device, in a step whose rows are all as long as they may
 * be: from the shapes of the model alone. Gradients are counted whole: while they are clipped, all of them
 * are alive. The engines do not give back what activations had before; of TensorFlow, activations are what
 * is alive beside all gradients at the worst moment.
 */
export function trainingMemory(
  config: Mt5Config,
  training: TrainConfig,
  { runtime, device, sourceTokens, targetTokens }: TrainingPlace,
): Result<TrainingMemory> {
  const row: Example = { source: tokens(sourceTokens), target: tokens(targetTokens) };
  const rows = (count: number): readonly Example[] => Array.from({ length: count }, () => row);
  const trainee = traineeOf(config, training, rows(Math.max(training.batch, evaluatedTogether)), {
    runtime,
    device,
  });
  if (!trainee.ok) return trainee;
  const { training: step } = trainee.value;
  const { graph } = step;
  const trained = trainee.value.shapes;
  const all = new Map([...mt5ParameterShapes(config), ...trained]);
  const [feeds = {}] = stepFeeds([rows(training.batch)], 0, config, training, trainee.value);
  const declared = inputsFirst(Object.values(graph.outputs)).flatMap(
    ({ op, attributes, dtype, shape }): readonly DeclaredInput[] =>
      op === 'Input' ? [{ name: textAt(attributes, 'name'), dtype, shape }] : [],
  );
  const given = Object.fromEntries(
    declared.map(({ name, dtype }): readonly [string, Given] => {
      const shape = all.get(name) ?? [];
      return [name, feeds[name] ?? { dtype, shape, data: { length: elementCount(shape) } }];
    }),
  );
  const sizes = sizesOfFeeds(declared, given);
  const vocabulary = config.vocabSize;
  const moments = new Map(
    [...trained].map(([name, shape]) => [
      name,
      new Map(Object.entries(optimizerMemory(training.optimizer, name, shape))),
    ]),
  );
  const accumulated =
    training.accumulation === 1
      ? []
      : [...trained].flatMap(([name, shape]) =>
          runtime !== 'onnx' || step.dense.includes(name) ? [shape] : [],
        );
  const { precision = 'float32' } = training;
  const live =
    runtime === 'onnx'
      ? onnxMemory(graph, { sizes, vocabulary, isElsewhere: isGradient })
      : tensorflowMemory(step, {
          sizes,
          vocabulary,
          precision,
          device,
          constants: new Map([...all].filter(([name]) => !trained.has(name))),
          trained,
          moments,
          accumulated,
        });

  const weights = bytesOf(all.values());
  const trainedBytes = bytesOf(trained.values());
  const gradients = gradientsOf(training, runtime, step, trained, sizes);
  const { slack, library, hostCopies } = engines[runtime][device];
  return {
    ok: true,
    value: {
      weights,
      gradients,
      moments: bytesOf([...moments.values()].flatMap((shapes) => [...shapes.values()])),
      'accumulated gradients': bytesOf(accumulated),
      activations: live.activations - live.logits,
      logits: live.logits,
      'copies in host memory': Math.round(
        hostCopies.ofFrozen * (weights - trainedBytes) + hostCopies.ofTrained * trainedBytes,
      ),
      'allocator slack':
        Math.round(slack.ofUsed * live.touched + slack.ofGradients * gradients + slack.bytes) +
        live.touched -
        live.activations,
      library,
    },
  };
}

/** The sum of the parts, in bytes. */
export const totalOf = (memory: TrainingMemory): number =>
  Object.values(memory).reduce((sum, bytes) => sum + bytes, 0);

/**
 * On onnx, AdamW takes the gradient of a table that is only looked up by the rows that a step has looked up.
 */
function gradientsOf(
  { optimizer }: TrainConfig,
  runtime: TrainingPlace['runtime'],
  { graph, dense, lookups }: TrainingGraph,
  trained: ReadonlyMap<string, readonly number[]>,
  sizes: ReadonlyMap<string, number>,
): number {
  if (runtime !== 'onnx' || optimizer.name !== 'adamw') return bytesOf(trained.values());
  const rows = lookups
    .filter(({ parameter }) => !dense.includes(parameter))
    .map(({ output }) => (graph.outputs[output]?.shape ?? []).map((size) => evaluate(size, sizes)));
  return bytesOf([...dense.map((name) => trained.get(name) ?? []), ...rows]);
}

/** Gradients are counted by themselves. */
const isGradient = (output: string): boolean => output.startsWith('gradient.');

const tokens = (length: number): readonly number[] => Array.from({ length }, () => 3);

const bytesOf = (shapes: Iterable<readonly number[]>): number =>
  [...shapes].reduce((sum, shape) => sum + 4 * elementCount(shape), 0);

interface EngineFacts {
  /** The part that the order of requests does not explain. */
  readonly slack: { readonly ofUsed: number; readonly ofGradients: number; readonly bytes: number };
  /** What the process, or its part of the device, has before a model is loaded. */
  readonly library: number;
  /** How often weights are in the memory of the host beside, while and after they are given to the engine. */
  readonly hostCopies: { readonly ofFrozen: number; readonly ofTrained: number };
}

const mebibyte = 2 ** 20;
const onnxSlack = { ofUsed: 0, ofGradients: 0, bytes: 100 * mebibyte };
const none = { ofFrozen: 0, ofTrained: 0 };

/**
 * Fitted to measurements on a CPU (docs/training.md): beside their arenas, onnxruntime takes about 100 MiB
 * for its graphs and TensorFlow 200; TensorFlow gets its weights from arrays that JavaScript frees late, and
 * those that are not trained stay there as well. Of a GPU nothing was measured: its context and the
 * workspaces of cuBLAS and cuDNN are taken for 600 MiB, the slack of its allocator for a tenth.
 */
const engines: Readonly<
  Record<TrainingPlace['runtime'], Readonly<Record<TrainingPlace['device'], EngineFacts>>>
> = {
  onnx: {
    cpu: { slack: onnxSlack, library: 95 * mebibyte, hostCopies: none },
    cuda: { slack: onnxSlack, library: 95 * mebibyte, hostCopies: none },
  },
  tensorflow: {
    cpu: {
      slack: { ofUsed: 0, ofGradients: 0, bytes: 200 * mebibyte },
      library: 350 * mebibyte,
      hostCopies: { ofFrozen: 1.4, ofTrained: 0.75 },
    },
    cuda: { slack: { ofUsed: 0.1, ofGradients: 0.1, bytes: 0 }, library: 600 * mebibyte, hostCopies: none },
  },
};
