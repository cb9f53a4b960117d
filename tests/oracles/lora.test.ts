import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AdapterFolder, openAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { countParameters, loraShapes, loraTrace, mergeLora } from '../../src/ml/model/lora.ts';
import { loraTargets, type LoraTargets } from '../../src/ml/model/lora-targets.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { type Mt5Trace, plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { batchRows, lengthsOf, modelsWith, mt5Folder, packedVectors, readJsonTable, readModelFolder, readTable, type Table, worstDifference, worstShare } from './mt5-tables.ts';
import { parameterGradients } from './parameter-gradients.ts';

type Values = Readonly<Record<string, HostValue>>;

interface LoraCase {
  readonly trainable: readonly string[];
  readonly trainable_parameters: number;
  readonly all_parameters: number;
}

const models = modelsWith('.lora.safetensors');

describe.skipIf(models.length === 0)('LoRA against the tables of peft', () => {
  for (const model of models) describe(model, () => {
    for (const name of readdirSync(join(mt5Folder, `${model}-lora`))) adapterTests(model, name);
  });
});

function adapterTests(model: string, name: string): void {
  const opened = open(model, name);

  test(`${name}: parameter counts and names`, async () => {
    const { targets, folder, expected } = await opened;
    if (expected === undefined) return;
    const trained = [...loraShapes(targets, folder.config).keys()];
    expect(trained.sort()).toEqual(expected.trainable.map(ownName).sort());
    expect(countParameters(targets, folder.config)).toEqual({ trainable: expected.trainable_parameters, all: expected.all_parameters });
  });

  test(`${name}: logits, loss and gradients`, async () => {
    const { targets, folder, table, weights, expected } = await opened;
    if (expected === undefined) return;
    const { source, labels } = batchRows(table, '');
    const feeds = { ...weights, ...sourceFeeds(source, folder.config), ...targetFeeds(shiftRight(labels, folder.config), folder.config), ...labelFeeds(labels, 1 / labels.flat().length) };
    const trace = loraTrace(folder.config, targets, 0, (x) => x);
    const { outputs, gradients } = await run(trace, trace.trainable, feeds);
    const [loss = 0] = table.numbers(`${name}.loss`);
    expect(Math.abs((reals(outputs, 'loss')[0] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-6);
    const logits = packedVectors(table, `${name}.logits`, lengthsOf(labels));
    expect(worstDifference(reals(outputs, 'logits'), logits)).toBeLessThan(Math.max(tolerance(logits), 4 * conditioning(table, name, labels)));
    expect([...gradients.keys()].sort()).toEqual(expected.trainable.map(ownName).sort());
    for (const peftName of expected.trainable) expect(worstShare(gradients.get(ownName(peftName)) ?? [], table.numbers(`${name}.grad.${peftName}`)), peftName).toBeLessThan(Math.max(1e-5, conditioning(table, name, labels)));
  });

  test(`${name}: merged weights give peft's logits`, async () => {
    const { targets, folder, table, weights, expected } = await opened;
    if (expected === undefined) return;
    const { source, labels } = batchRows(table, '');
    const merged = Object.fromEntries(Object.entries(weights).map(([each, value]) => [each, value.dtype === 'float32' ? { ...value, data: value.data.slice() } : value]));
    for (const layer of targets.layers) mergeLora(reals(merged, `${layer.module}.weight`), layer, reals(weights, `${layer.module}.lora_A.weight`), reals(weights, `${layer.module}.lora_B.weight`));
    const feeds = { ...merged, ...sourceFeeds(source, folder.config), ...targetFeeds(shiftRight(labels, folder.config), folder.config), ...labelFeeds(labels, 1) };
    const { outputs } = await run(plainTrace(folder.config), new Map(), feeds);
    const logits = packedVectors(table, `${name}.merged_logits`, lengthsOf(labels));
    expect(worstDifference(reals(outputs, 'logits'), logits)).toBeLessThan(Math.max(tolerance(logits), 4 * conditioning(table, name, labels)));
  });
}

interface Opened {
  readonly adapter: AdapterFolder;
  readonly targets: LoraTargets;
  readonly folder: Awaited<ReturnType<typeof readModelFolder>>;
  readonly table: Table;
  /** The base model's and the adapter's. */
  readonly weights: Values;
  /** Absent for adapters that other tables use. */
  readonly expected: LoraCase | undefined;
}

async function open(model: string, name: string): Promise<Opened> {
  const folder = await readModelFolder(model);
  const adapter = await openAdapterFolder(join(mt5Folder, `${model}-lora`, name));
  if (!adapter.ok) throw new Error(adapter.error.message);
  const targets = loraTargets(adapter.value.config, folder.config);
  if (!targets.ok) throw new Error(targets.error);
  const tensors = await loadAll(adapter.value.tensors);
  if (!tensors.ok) throw new Error(tensors.error.message);
  const weights: Record<string, HostValue> = { ...folder.weights };
  for (const [tensor, value] of tensors.value) if (value.dtype === 'float32') weights[tensor] = value;
  const cases: Readonly<Record<string, LoraCase>> = await readJsonTable(`${model}.lora.json`);
  return { adapter: adapter.value, targets: targets.value, folder, table: await readTable(`${model}.lora.safetensors`), weights, expected: cases[name] };
}

async function run(trace: Mt5Trace, trainable: ReadonlyMap<string, Node>, feeds: Values): Promise<{ readonly outputs: Values; readonly gradients: ReadonlyMap<string, Float32Array> }> {
  const graph = trainingGraph(trace, trainable);
  const runtime = await openRuntime('onnx', { threads: 2 });
  const program = await runtime.compile({ outputs: { ...graph.graph.outputs, logits: logitsOf(trace, decode(trace, encode(trace).last).last) } });
  const outputs = await program.run(feeds);
  await program.release();
  return { outputs, gradients: parameterGradients(graph, outputs, feeds) };
}

/** "base_model.model.x.lora_A.default.weight" -> "x.lora_A.weight"; a module saved whole by its own name. */
const ownName = (peftName: string): string => peftName.replace(/^base_model\.model\./, '').replace('.modules_to_save.default', '').replace('.default.weight', '.weight');

/**
 * How far two ways of computing the same logits in float32 are apart in peft itself: beside the base and merged. With
 * large random adapters attention saturates, and rounding is magnified by much more than in a trained model.
 */
const conditioning = (table: Table, name: string, labels: number[][]): number =>
  worstDifference(packedVectors(table, `${name}.logits`, lengthsOf(labels)), packedVectors(table, `${name}.merged_logits`, lengthsOf(labels)));

const tolerance = (values: readonly number[]): number => 3e-6 * Math.max(10, ...values.map(Math.abs));

function reals(values: Values, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`no real value "${name}"`);
  return value.data;
}
