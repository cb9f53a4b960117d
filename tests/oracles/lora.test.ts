import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AdapterFolder, openAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { countParameters, loraShapes, loraTrace, mergeLora } from '../../src/ml/model/lora.ts';
import { loraTargets, type LoraTargets } from '../../src/ml/model/lora-targets.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import type { Feed, Feeds } from '../../src/ml/model/packed-rows.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { scheduleFactor } from '../../src/ml/train/schedule.ts';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import {
  batchRows,
  countLabels,
  lengthsOf,
  modelsWith,
  mt5Folder,
  packedVectors,
  readJsonTable,
  readModelFolder,
  readTable,
  type Table,
  worstDifference,
} from './mt5-tables.ts';
import { computedAmong, expectGradients, movedNumbers } from './parameter-gradients.ts';
import { chaos, expectTrajectory, settled, type Step, type Trajectory } from './trajectory-drift.ts';
import { expectWithin, roundingAllowance } from './within.ts';
import { fillWith, oracleRuntime, trainedParameters } from './oracle-runtime.ts';

type Values = Readonly<Record<string, HostValue>>;

interface LoraCase {
  readonly trainable: readonly string[];
  readonly trainable_parameters: number;
  readonly all_parameters: number;
  readonly log: readonly { readonly loss: number; readonly lr: number; readonly grad_norm: number }[];
}

const models = modelsWith('.lora.safetensors', '.lora.json', '/model.safetensors');

describe.skipIf(models.length === 0)('LoRA against reference values of peft', () => {
  for (const model of models)
    describe(model, async () => {
      const cases = await readJsonTable<Readonly<Record<string, LoraCase>>>(`${model}.lora.json`);
      for (const [name, expected] of Object.entries(cases)) {
        if (existsSync(join(mt5Folder, `${model}-lora`, name))) adapterTests(model, name, expected);
        else test.skip(`${name}: no folder of the adapter`);
      }
    });
});

function adapterTests(model: string, name: string, expected: LoraCase): void {
  const opened = open(model, name);

  test(`${name}: parameter counts and names`, async () => {
    const { targets, folder } = await opened;
    const trained = [...loraShapes(targets, folder.config).keys()];
    expect(trained.sort()).toEqual(expected.trainable.map(ownName).sort());
    expect(countParameters(targets, folder.config)).toEqual({
      trainable: expected.trainable_parameters,
      all: expected.all_parameters,
    });
  });

  test(`${name}: logits, loss and gradients`, async () => {
    const { targets, folder, table, weights } = await opened;
    const { source, labels } = batchRows(table, '');
    const batch = {
      ...sourceFeeds(source, folder.config),
      ...targetFeeds(shiftRight(labels, folder.config), folder.config),
      ...labelFeeds(labels, 1 / countLabels(labels)),
    };
    const trace = loraTrace(folder.config, targets, 0, (x) => x);
    const { ours, moved } = await computedAmong(trace, trace.trainable, batch, weights);
    const [loss = 0] = table.numbers(`${name}.loss`);
    expectWithin(
      Math.abs(ours.loss / loss - 1),
      roundingAllowance(1e-6, movedNumbers(ours, moved, countLabels(labels)).loss),
      'loss',
    );
    expectWithin(
      worstDifference(ours.logits, packedVectors(table, `${name}.logits`, lengthsOf(labels))),
      roundingAllowance(2e-5, Math.max(...moved.map(({ logits }) => worstDifference(ours.logits, logits)))),
      'logits',
    );
    expectGradients(
      ours.gradients,
      moved.map(({ gradients }) => gradients),
      new Map(
        expected.trainable.map((peftName) => [ownName(peftName), table.numbers(`${name}.grad.${peftName}`)]),
      ),
    );
  });

  test(`${name}: merged weights give peft's logits`, async () => {
    const { targets, folder, table, weights } = await opened;
    const { source, labels } = batchRows(table, '');
    const merged = Object.fromEntries(
      Object.entries(weights).map(([each, value]) => [
        each,
        value.dtype === 'float32' ? { ...value, data: value.data.slice() } : value,
      ]),
    );
    for (const layer of targets.layers)
      mergeLora(
        reals(merged, `${layer.module}.weight`),
        layer,
        reals(weights, `${layer.module}.lora_A.weight`),
        reals(weights, `${layer.module}.lora_B.weight`),
      );
    const batch = {
      ...sourceFeeds(source, folder.config),
      ...targetFeeds(shiftRight(labels, folder.config), folder.config),
      ...labelFeeds(labels, 1),
    };
    const { ours, moved } = await computedAmong(plainTrace(folder.config), new Map(), batch, merged);
    expectWithin(
      worstDifference(ours.logits, packedVectors(table, `${name}.merged_logits`, lengthsOf(labels))),
      roundingAllowance(2e-5, Math.max(...moved.map(({ logits }) => worstDifference(ours.logits, logits)))),
      'merged logits',
    );
  });

  test(`${name}: 30 steps of training`, async () => {
    const { targets, folder, table, weights } = await opened;
    const { source, labels } = batchRows(table, '');
    const batch = {
      ...sourceFeeds(source, folder.config),
      ...targetFeeds(shiftRight(labels, folder.config), folder.config),
      ...labelFeeds(labels, 1 / countLabels(labels)),
    };
    const trajectory = (parameters: Feeds): Promise<Trajectory> =>
      train(targets, folder.config, parameters, batch, expected.log.length);
    const ours = await trajectory(weights);
    const trace = loraTrace(folder.config, targets, 0, (x) => x);
    const computed = await computedAmong(trace, trace.trainable, batch, weights);
    const first = movedNumbers(computed.ours, computed.moved, countLabels(labels));
    const { moved, drift } = await settled(
      expected.log,
      ours,
      Math.max(first.loss, first.gradientNorm),
      weights,
      trajectory,
    );
    expectTrajectory(expected.log, ours.steps, drift, '');
    if ((drift.at(-1) ?? Number.NaN) > chaos) return;
    for (const peftName of expected.trainable) {
      const [values = [], ...others] = [ours, ...moved].map(
        ({ tensors }) => tensors.find((tensor) => tensor.name === ownName(peftName))?.parameter ?? [],
      );
      expectWithin(
        worstDifference(values, table.numbers(`${name}.final.${peftName}`)),
        roundingAllowance(1e-4, Math.max(...others.map((other) => worstDifference(values, other)))),
        `final weights: ${peftName}`,
      );
    }
  });
}

interface Opened {
  readonly adapter: AdapterFolder;
  readonly targets: LoraTargets;
  readonly folder: Awaited<ReturnType<typeof readModelFolder>>;
  readonly table: Table;
  /** The base model's and the adapter's. */
  readonly weights: Feeds;
}

async function open(model: string, name: string): Promise<Opened> {
  const folder = await readModelFolder(model);
  const adapter = await openAdapterFolder(join(mt5Folder, `${model}-lora`, name));
  if (!adapter.ok) throw new Error(adapter.error.message);
  const targets = loraTargets(adapter.value.config, folder.config);
  if (!targets.ok) throw new Error(targets.error);
  const tensors = await loadAll(adapter.value.tensors);
  if (!tensors.ok) throw new Error(tensors.error.message);
  const weights: Record<string, Feed> = { ...folder.weights };
  for (const [tensor, value] of tensors.value) if (value.dtype === 'float32') weights[tensor] = value;
  return {
    adapter: adapter.value,
    targets: targets.value,
    folder,
    table: await readTable(`${model}.lora.safetensors`),
    weights,
  };
}

async function train(
  targets: LoraTargets,
  config: Mt5Config,
  weights: Feeds,
  batch: Values,
  count: number,
): Promise<Trajectory> {
  const trace = loraTrace(config, targets, 0, (x) => x);
  const graph = trainingGraph(trace, trace.trainable);
  const shapes = loraShapes(targets, config);
  const session = await (
    await oracleRuntime()
  ).openTraining({
    constants: weights,
    entries: {},
    training: {
      graph,
      trained: shapes,
      optimizer: { name: 'adamw' },
      weightDecayOf: () => 0.01,
      accumulation: 1,
    },
  });
  await fillWith(session, shapes.keys(), weights);
  const steps: Step[] = [];
  for (let step = 0; step < count; step += 1) {
    const learningRate =
      1e-3 * scheduleFactor({ name: 'cosine' }, step, { warmup: 3, total: count, learningRate: 1e-3 });
    const { loss, gradientNorm } = await session.step([batch], {
      step: step + 1,
      learningRate,
      maxGradientNorm: 1,
    });
    steps.push({ loss, gradientNorm, learningRate });
  }
  const tensors = await trainedParameters(session, shapes.keys());
  await session.release();
  return { steps, tensors };
}

/** "base_model.model.x.lora_A.default.weight" -> "x.lora_A.weight"; a module saved whole by its own name. */
const ownName = (peftName: string): string =>
  peftName
    .replace(/^base_model\.model\./, '')
    .replace('.modules_to_save.default', '')
    .replace('.default.weight', '.weight');

function reals(values: Values, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`no real value "${name}"`);
  return value.data;
}
