import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { loraTrace } from '../../src/ml/model/lora.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { type DropoutSite, type Mt5Trace, plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { compile } from '../runtime/compile.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { multiply } from '../../src/ml/tensor/ops/elementwise.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';
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
import {
  type Computed,
  expectGradients,
  movedNumbers,
  neighbours,
  parameterGradients,
} from './parameter-gradients.ts';
import { expectWithin, roundingAllowance } from './within.ts';
import { oracleRuntime } from './oracle-runtime.ts';

interface Site {
  readonly site: string;
  readonly shape: readonly number[];
  readonly p: number;
}

const models = modelsWith('.dropout.json', '.dropout.safetensors', '/model.safetensors');

describe.skipIf(models.length === 0)('a training step with the dropout masks of torch', () => {
  for (const model of models) {
    for (const kind of ['full', 'lora'] as const) {
      const absent = kind === 'lora' && !existsSync(join(mt5Folder, `${model}-lora`, 'dropout'));
      test.skipIf(absent)(`${model} ${kind}: sites, scaling, loss, logits, gradients`, () =>
        compareStep(model, kind),
      );
    }
  }
});

async function compareStep(model: string, kind: 'full' | 'lora'): Promise<void> {
  const { config, weights } = await readModelFolder(model);
  const table = await readTable(`${model}.dropout.safetensors`);
  const sites =
    (await readJsonTable<Readonly<Record<string, readonly Site[]>>>(`${model}.dropout.json`))[kind] ?? [];
  const { source, labels } = batchRows(table, '');
  const rates = new Map(sites.map(({ site, p }) => [ownName(site), p]));
  const met: string[] = [];
  const dropout = (x: Node, { name, rate }: DropoutSite): Node => {
    met.push(name);
    expect(rate, name).toBe(rates.get(name));
    return multiply(x, multiply(input(`keep.${name}`, 'float32', x.shape), 1 / (1 - rate)));
  };
  const traced =
    kind === 'full' ? fullTrace({ ...plainTrace(config), dropout }) : await adapterTrace(model, dropout);
  const graph = trainingGraph(traced.trace, traced.trainable);
  expect(met).toEqual(sites.map(({ site }) => ownName(site)));

  // A second tracing of the same sites, for the logits; inputs of one name are one.
  const logits = logitsOf(traced.trace, decode(traced.trace, encode(traced.trace).last).last);
  const program = await compile(await oracleRuntime(), {
    outputs: { ...graph.graph.outputs, logits },
  });
  const lengths = { source: lengthsOf(source), target: lengthsOf(labels) };
  const masks = Object.fromEntries(
    sites.map((site) => [`keep.${ownName(site.site)}`, maskOf(table, kind, site, lengths)]),
  );
  const batch = {
    ...masks,
    ...sourceFeeds(source, config),
    ...targetFeeds(shiftRight(labels, config), config),
    ...labelFeeds(labels, 1 / countLabels(labels)),
  };
  const run = async (parameters: Feeds): Promise<Computed> => {
    const outputs = await program.run({ ...parameters, ...batch });
    return {
      loss: Number(outputs['loss']?.data[0]),
      logits: Array.from(outputs['logits']?.data ?? [], Number),
      gradients: parameterGradients(graph, outputs, { ...parameters, ...batch }),
    };
  };
  const ours = await run({ ...weights, ...traced.weights });
  const moved: Computed[] = [];
  for (const values of neighbours({ ...weights, ...traced.weights })) moved.push(await run(values));
  await program.release();

  const [loss = 0] = table.numbers(`${kind}.loss`);
  expectWithin(
    Math.abs(ours.loss / loss - 1),
    roundingAllowance(1e-6, movedNumbers(ours, moved, countLabels(labels)).loss),
    'loss',
  );
  expectWithin(
    worstDifference(ours.logits, packedVectors(table, `${kind}.logits`, lengths.target)),
    roundingAllowance(2e-5, Math.max(...moved.map((other) => worstDifference(ours.logits, other.logits)))),
    'logits',
  );
  const expected = new Map(
    table.names.flatMap((name) =>
      name.startsWith(`${kind}.grad.`)
        ? [[ownName(name.slice(`${kind}.grad.`.length)), table.numbers(name)] as const]
        : [],
    ),
  );
  expectGradients(
    ours.gradients,
    moved.map(({ gradients }) => gradients),
    expected,
  );
}

interface Traced {
  readonly trace: Mt5Trace;
  readonly trainable: ReadonlyMap<string, Node>;
  readonly weights: Feeds;
}

const fullTrace = (trace: Mt5Trace): Traced => ({ trace, trainable: trace.parameters, weights: {} });

async function adapterTrace(model: string, dropout: Mt5Trace['dropout']): Promise<Traced> {
  const { config } = await readModelFolder(model);
  const adapter = await openAdapterFolder(join(mt5Folder, `${model}-lora`, 'dropout'));
  if (!adapter.ok) throw new Error(adapter.error.message);
  const targets = loraTargets(adapter.value.config, config);
  if (!targets.ok) throw new Error(targets.error);
  const tensors = await loadAll(adapter.value.tensors);
  if (!tensors.ok) throw new Error(tensors.error.message);
  const trace = loraTrace(config, targets.value, adapter.value.config.loraDropout, dropout);
  return {
    trace,
    trainable: trace.trainable,
    weights: Object.fromEntries(
      [...tensors.value].flatMap(([name, value]) => (value.dtype === 'float32' ? [[name, value]] : [])),
    ),
  };
}

/** A mask as it is used here: of tokens without the padding, of attention as it is. */
function maskOf(
  table: Table,
  kind: string,
  { site, shape }: Site,
  lengths: { readonly source: readonly number[]; readonly target: readonly number[] },
): HostValue {
  const name = `${kind}.keep.${site}`;
  if (shape.length === 4) return { dtype: 'float32', shape, data: Float32Array.from(table.numbers(name)) };
  const side = isOfTarget(site) ? lengths.target : lengths.source;
  const data = Float32Array.from(packedVectors(table, name, side));
  return { dtype: 'float32', shape: [side.reduce((sum, length) => sum + length, 0), shape[2] ?? 0], data };
}

/** In the decoder, only the adapters of cross-attention's keys and values see the source. */
const isOfTarget = (site: string): boolean =>
  ownName(site).startsWith('decoder') && !/EncDecAttention\.[kv]\.lora_dropout/.test(site);

const ownName = (name: string): string =>
  name
    .replace(/^base_model\.model\./, '')
    .replace('.lora_dropout.default', '.lora_dropout')
    .replace('.modules_to_save.default', '')
    .replace('.default.weight', '.weight');
