import { describe, expect, test } from 'vitest';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { initialiseLora } from '../../src/ml/model/lora.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { adapter } from '../train/tiny-training.ts';
import { tinyConfig } from './tiny-model.ts';

const config = { ...tinyConfig, vocabSize: 400, dModel: 64, dKv: 16, dFf: 128 };

describe('initial weights', () => {
  test("have T5's deviations, a smaller one for the head, and norms of 1", () => {
    const weights = initialiseMt5(config, 5);
    expect([...weights].map(([name, values]) => [name, values.length])).toEqual(
      [...mt5ParameterShapes(config)].map(([name, shape]) => [name, shape.reduce((a, b) => a * b, 1)]),
    );
    const spread = (name: string): number => {
      const values = weights.get(name) ?? new Float32Array();
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    const expected = {
      'shared.weight': 1,
      'lm_head.weight': 64 ** -0.5,
      'encoder.block.1.layer.0.SelfAttention.q.weight': (64 * 16) ** -0.5,
      'decoder.block.2.layer.1.EncDecAttention.k.weight': 64 ** -0.5,
      'decoder.block.0.layer.0.SelfAttention.o.weight': (4 * 16) ** -0.5,
      'encoder.block.0.layer.1.DenseReluDense.wi_1.weight': 64 ** -0.5,
      'encoder.block.0.layer.1.DenseReluDense.wo.weight': 128 ** -0.5,
      'decoder.final_layer_norm.weight': 1,
      'encoder.block.0.layer.1.layer_norm.weight': 1,
    };
    for (const [name, deviation] of Object.entries(expected))
      expect(spread(name) / deviation, name).toBeCloseTo(1, 1);
    const mean =
      (weights.get('shared.weight') ?? new Float32Array()).reduce((sum, value) => sum + value, 0) /
      (400 * 64);
    expect(Math.abs(mean)).toBeLessThan(0.02);
  });

  test('depend on the seed only', () => {
    const weights = bytesByName(initialiseMt5(config, 5));
    expect(bytesByName(initialiseMt5(config, 5))).toEqual(weights);
    expect(bytesByName(initialiseMt5(config, 6))['shared.weight']).not.toEqual(weights['shared.weight']);
    expect(bytesByName(initialiseMt5({ ...config, numLayers: 5 }, 5))).toMatchObject(weights);
  });

  test('of an adapter: A uniform within the bounds of torch.nn.Linear, B zero, layers independent', () => {
    const targets = loraTargets({ ...adapter, r: 16 }, config);
    if (!targets.ok) throw new Error(targets.error);
    const tensors = initialiseLora(targets.value, 3);
    for (const { module, inputs } of targets.value.layers) {
      const a = tensors.get(`${module}.lora_A.weight`) ?? new Float32Array();
      const bound = inputs ** -0.5;
      expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
      expect(Math.max(...a)).toBeGreaterThan(0.98 * bound);
      expect(Math.min(...a)).toBeLessThan(-0.98 * bound);
      expect(Math.sqrt(a.reduce((sum, value) => sum + value * value, 0) / a.length)).toBeCloseTo(
        bound / Math.sqrt(3),
        2,
      );
      expect(tensors.get(`${module}.lora_B.weight`)?.every((value) => value === 0)).toBe(true);
    }
    expect(tensors.get('encoder.block.0.layer.0.SelfAttention.q.lora_A.weight')).not.toEqual(
      tensors.get('encoder.block.1.layer.0.SelfAttention.q.lora_A.weight'),
    );
  });
});

const bytesByName = (weights: ReadonlyMap<string, Float32Array>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...weights].map(([name, { buffer, byteOffset, byteLength }]) => [
      name,
      Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    ]),
  );
