import { expect, test } from 'vitest';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { elementCount } from '../../src/ml/element-count.ts';
import { createArena } from '../../src/ml/memory/arena.ts';
import { createAllocator } from '../../src/ml/memory/tensorflow-allocator.ts';
import { totalOf, type TrainingMemory, trainingMemory } from '../../src/ml/memory/training-memory.ts';
import { createZeroedVariables } from '../../src/ml/memory/zeroed-variables.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { adapter, plainConfig } from '../train/tiny-training.ts';

const parsed = parseMt5Config(
  {
    model_type: 'mt5',
    vocab_size: 1000,
    d_model: 64,
    d_kv: 16,
    d_ff: 128,
    num_layers: 3,
    num_heads: 4,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
  },
  'config.json',
);
if (!parsed.ok) throw new Error(parsed.error.message);
const config = parsed.value;
const weights = [...mt5ParameterShapes(config).values()].reduce(
  (sum, shape) => sum + 4 * elementCount(shape),
  0,
);

/** The embedding, and the tables of position biases of 32 buckets and 4 heads. */
const lookedUp = 4 * (1000 * 64 + 2 * 32 * 4);
/** Of a batch's tokens, and of the distances between its positions. */
const rowsOfLookups = 4 * (plainConfig.batch * (64 + 48) * 64 + 2 * (64 + 48) * 4);

const memoryOf = (
  change: Partial<TrainConfig> = {},
  place: Partial<Parameters<typeof trainingMemory>[2]> = {},
): TrainingMemory => {
  const memory = trainingMemory(
    config,
    { ...plainConfig, ...change },
    { runtime: 'onnx', device: 'cpu', sourceTokens: 64, targetTokens: 48, ...place },
  );
  if (!memory.ok) throw new Error(memory.error);
  return memory.value;
};

for (const runtime of ['onnx', 'tensorflow'] as const) {
  test(`${runtime}: weights, gradients and what the optimizer remembers are those of the shapes`, () => {
    const full = memoryOf({}, { runtime });
    const dense = weights - (runtime === 'onnx' ? lookedUp : 0);
    expect(full).toMatchObject({
      weights,
      gradients: dense + (runtime === 'onnx' ? rowsOfLookups : 0),
      moments: 2 * weights,
      'accumulated gradients': 0,
    });
    expect(memoryOf({ accumulation: 2 }, { runtime })['accumulated gradients']).toBe(dense);
    expect(memoryOf({ optimizer: { name: 'adafactor' } }, { runtime }).gradients).toBe(weights);
    expect(memoryOf({ optimizer: { name: 'adafactor' } }, { runtime }).moments).toBeLessThan(weights / 8);
    const lora = memoryOf({ method: { kind: 'lora', adapter } }, { runtime });
    const trained = lora.weights - weights;
    expect(trained).toBeGreaterThan(0);
    expect(lora).toMatchObject({ gradients: trained, moments: 2 * trained });
  });

  test(`${runtime}: more rows and tokens take more activations, gradient checkpointing takes fewer`, () => {
    const least = memoryOf({ batch: 1 }, { runtime }).activations;
    const plain = memoryOf({}, { runtime }).activations;
    const long = memoryOf({}, { runtime, sourceTokens: 128 }).activations;
    const checkpointed = memoryOf({ gradientCheckpointing: true }, { runtime }).activations;
    expect(plain).toBeGreaterThan(3 * least);
    expect(long).toBeGreaterThan(1.3 * plain);
    expect(checkpointed).toBeLessThan(plain / 2);
  });
}

test('bf16 takes a third of activations away on TensorFlow, and adds little to checkpointed layers', () => {
  const activations = (change: Partial<TrainConfig>): number => {
    const memory = memoryOf(change, { runtime: 'tensorflow', sourceTokens: 256, targetTokens: 256 });
    return memory.activations + memory.logits;
  };
  expect(activations({ precision: 'bf16' })).toBeLessThan(0.7 * activations({}));
  const checkpointed = { gradientCheckpointing: true };
  expect(activations({ ...checkpointed, precision: 'bf16' })).toBeLessThan(1.05 * activations(checkpointed));
});

test('TensorFlow writes the gradient of a cross entropy over its logits on the CPU alone', () => {
  const change = { gradientCheckpointing: true, method: { kind: 'lora', adapter } } as const;
  const logits = (device: 'cpu' | 'cuda'): number => {
    const place = { runtime: 'tensorflow', device, sourceTokens: 8, targetTokens: 48 } as const;
    const memory = trainingMemory({ ...config, vocabSize: 20_000 }, { ...plainConfig, ...change }, place);
    return memory.ok ? memory.value.logits : Number.NaN;
  };
  const values = 4 * plainConfig.batch * 48 * 20_000;
  expect(logits('cpu')).toBe(values);
  expect(logits('cuda')).toBe(2 * values);
});

test('variables that TensorFlow zeroes share their zeros until they are changed', () => {
  const memory = createAllocator();
  const mebibyte = 2 ** 20;
  const shape = [mebibyte / 4];
  const variables = createZeroedVariables(
    memory,
    new Map([
      ['first', shape],
      ['second', shape],
      ['third', shape],
    ]),
  );
  expect(memory.live).toBe(mebibyte);
  variables.change('first');
  expect(memory.live).toBe(2 * mebibyte);
  variables.assign('second');
  expect(memory.live).toBe(3 * mebibyte);
  // The last one has the zeros for itself.
  variables.change('third');
  expect(memory.live).toBe(3 * mebibyte);
});

test('TensorFlow takes values of 256 KiB and more from its arena', () => {
  const memory = createAllocator();
  memory.allocate(2 ** 18 - 1);
  expect(memory).toMatchObject({ live: 2 ** 18 - 1, touched: 0 });
  memory.allocate(2 ** 18);
  expect(memory.touched).toBe(2 ** 18);
});

test('mt5-base at 4 x 512 tokens is estimated within 12 GiB, with LoRA within 8', () => {
  const base = parseMt5Config(
    {
      model_type: 'mt5',
      vocab_size: 250_112,
      d_model: 768,
      d_kv: 64,
      d_ff: 2048,
      num_layers: 12,
      num_heads: 12,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: false,
    },
    'config.json',
  );
  if (!base.ok) throw new Error(base.error.message);
  const planned = (method: TrainConfig['method']): number => {
    const training = {
      ...plainConfig,
      method,
      batch: 4,
      gradientCheckpointing: true,
      precision: 'bf16',
    } as const;
    const place = { runtime: 'tensorflow', device: 'cuda', sourceTokens: 512, targetTokens: 512 } as const;
    const memory = trainingMemory(base.value, training, place);
    return memory.ok ? totalOf(memory.value) : Infinity;
  };
  expect(planned({ kind: 'full' })).toBeLessThan(12 * 2 ** 30);
  expect(planned({ kind: 'lora', adapter })).toBeLessThan(8 * 2 ** 30);
});

test('the total is the sum of the parts, and a GPU has no host copies', () => {
  const memory = memoryOf({}, { runtime: 'tensorflow', device: 'cuda' });
  expect(memory['copies in host memory']).toBe(0);
  expect(totalOf(memory)).toBe(Object.values(memory).reduce((sum, bytes) => sum + bytes, 0));
});

test('an arena uses the smallest chunk that fits, merges free neighbours, and returns nothing', () => {
  const arena = createArena({ first: 2 ** 20, largest: 2 ** 30 });
  const mebibyte = 2 ** 20;
  const [first, second] = [arena.allocate(mebibyte / 2), arena.allocate(mebibyte / 4)];
  expect(arena.touched).toBe((3 * mebibyte) / 4);
  arena.free(first);
  arena.free(second);
  // The whole first region is free again, and serves what is as large.
  arena.allocate(mebibyte);
  expect(arena.touched).toBe(mebibyte);
  // What is larger gets a region of its own; 2 MiB of the next size.
  arena.allocate(mebibyte + 1);
  expect(arena.touched).toBeGreaterThan(2 * mebibyte);
});

test('an arena splits only chunks at least twice as large as the request', () => {
  const arena = createArena({ first: 2 ** 20, largest: 2 ** 30 });
  const mebibyte = 2 ** 20;
  const whole = arena.allocate(mebibyte);
  arena.free(whole);
  expect(arena.allocate(0.6 * mebibyte).size).toBe(mebibyte);
});
