import { expect, test } from 'vitest';
import type { Activation, Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { lossGraph, trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { tinyConfig, weightValues } from './tiny-model.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const sources = [
  [5, 6, 7, 8, 1],
  [9, 1],
];
const targets = [
  [3, 1],
  [11, 12, 13, 1],
];
const activations: readonly Activation[] = ['gelu', 'silu', 'quick_gelu', 'gelu_new'];

test.each(activations)(
  'a umT5 with %s: the loss matches its gradients, with and without checkpointing',
  async (activation) => {
    const config: Mt5Config = {
      ...tinyConfig,
      numLayers: 1,
      numDecoderLayers: 2,
      modelType: 'umt5',
      activation,
      tieWordEmbeddings: true,
      scaleDecoderOutputs: true,
    };
    const runtime = await openRuntime('onnx', { threads: 1 });
    const trace = plainTrace(config);
    const weights = initialiseMt5(config, 3);
    const rest = {
      ...sourceFeeds(sources, config),
      ...targetFeeds(shiftRight(targets, config), config),
      ...labelFeeds(targets, 1 / targets.flat().length),
    };
    const lossOf = await compile(runtime, lossGraph(trace));
    const lossAt = async (values: ReadonlyMap<string, Float32Array>): Promise<number> =>
      Number((await lossOf.run({ ...weightValues(config, values), ...rest }))['loss']?.data[0]);
    const names = [
      'encoder.block.0.layer.1.DenseReluDense.wi_0.weight',
      'decoder.block.1.layer.2.DenseReluDense.wo.weight',
    ];
    const gradients = await Promise.all(
      [false, true].map(async (gradientCheckpointing) => {
        const { graph, lookups } = trainingGraph(trace, trace.parameters, { gradientCheckpointing });
        const outputs = await (
          await compile(runtime, graph)
        ).run({ ...weightValues(config, weights), ...rest });
        return { outputs, tables: lookups.map(({ parameter }) => parameter) };
      }),
    );
    const [kept, again] = gradients;
    expect(kept?.tables.filter((name) => name.includes('relative_attention_bias'))).toHaveLength(3);
    expect(again?.tables).toEqual(kept?.tables);
    for (const [name, value] of Object.entries(kept?.outputs ?? {})) {
      const other = again?.outputs[name]?.data ?? [];
      const numbers = Array.from(value.data, Number);
      const differences = numbers.map((number, index) => Number(other[index]) - number);
      expect(Math.max(...differences.map(Math.abs)), name).toBeLessThan(5e-6);
    }
    for (const name of names) {
      const gradient = Array.from(kept?.outputs[`gradient.${name}`]?.data ?? [], Number);
      const length = Math.sqrt(gradient.reduce((sum, each) => sum + each * each, 0));
      const moved = (step: number) =>
        new Map(weights).set(
          name,
          Float32Array.from(
            weights.get(name) ?? [],
            (value, index) => value + (step * (gradient[index] ?? 0)) / length,
          ),
        );
      const slope = ((await lossAt(moved(1e-2))) - (await lossAt(moved(-1e-2)))) / 2e-2;
      expect(slope / length).toBeCloseTo(1, 2);
    }
  },
);
