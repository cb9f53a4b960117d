import { beforeAll, describe, expect, test } from 'vitest';
import { bucketsByDistance, positionBucket } from '../../src/ml/model/position-bucket.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { compile } from '../runtime/compile.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import {
  batchRows,
  countLabels,
  lengthsOf,
  modelsWith,
  packedVectors,
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

type Values = Readonly<Record<string, HostValue>>;

const models = modelsWith('.forward.safetensors', '/model.safetensors');

describe.skipIf(models.length === 0)('mT5 and T5 against reference values of transformers', () => {
  for (const model of models) describe(model, () => forwardTests(model));
});

function forwardTests(model: string): void {
  let table: Table;
  let folder: Awaited<ReturnType<typeof readModelFolder>>;
  let run: (name: string) => Promise<{
    readonly outputs: Values;
    readonly moved: readonly Values[];
    readonly source: number[][];
    readonly labels: number[][];
  }>;
  let gradientsOf: (outputs: Values, feeds: Values) => ReadonlyMap<string, Float32Array>;
  let feedsOf: (name: string) => Values;

  beforeAll(async () => {
    table = await readTable(`${model}.forward.safetensors`);
    folder = await readModelFolder(model);
    const trace = plainTrace(folder.config);
    const source = encode(trace);
    const target = decode(trace, source.last);
    const training = trainingGraph(trace, trace.parameters);
    const runtime = await oracleRuntime();
    const program = await compile(runtime, {
      outputs: {
        ...training.graph.outputs,
        logits: logitsOf(trace, target.last),
        ...states('encoder', source.hidden),
        ...states('decoder', target.hidden),
      },
    });
    feedsOf = (name) => {
      const { source: rows, labels } = batchRows(table, `${name}.`);
      const count = countLabels(labels);
      return {
        ...folder.weights,
        ...sourceFeeds(rows, folder.config),
        ...targetFeeds(shiftRight(labels, folder.config), folder.config),
        ...labelFeeds(labels, 1 / count),
      };
    };
    run = async (name) => {
      const outputs = await program.run(feedsOf(name));
      const moved: Values[] = [];
      for (const weights of neighbours(folder.weights))
        moved.push(await program.run({ ...feedsOf(name), ...weights }));
      return { outputs, moved, ...batchRows(table, `${name}.`) };
    };
    gradientsOf = (outputs, feeds) => parameterGradients(training, outputs, feeds);
  });

  test('every case: loss, logits, encoder states, gradient norm, in float32 and float64', async () => {
    const cases = new Set(
      table.names.flatMap((name) =>
        name.endsWith('.input_ids') ? [name.slice(0, -'.input_ids'.length)] : [],
      ),
    );
    expect(cases.size).toBeGreaterThan(0);
    for (const name of cases) {
      const { outputs, moved, source, labels } = await run(name);
      const ours = computed(outputs, feedsOf(name));
      const norm = Math.sqrt(
        [...ours.gradients.values()].reduce(
          (sum, gradient) => sum + Array.from(gradient).reduce((part, value) => part + value * value, 0),
          0,
        ),
      );
      const moving = movedNumbers(
        ours,
        moved.map((other) => computed(other, feedsOf(name))),
        countLabels(labels),
      );
      for (const precision of ['f32', 'f64']) {
        const [loss = 0] = table.numbers(`${name}.${precision}.loss`);
        const [theirNorm = 0] = table.numbers(`${name}.${precision}.grad_norm`);
        expectWithin(
          Math.abs(ours.loss / loss - 1),
          roundingAllowance(1e-6, moving.loss),
          `loss: ${name} ${precision}`,
        );
        expectWithin(
          Math.abs(norm / theirNorm - 1),
          roundingAllowance(1e-5, moving.gradientNorm),
          `gradient norm: ${name} ${precision}`,
        );
        const state = `encoder.${folder.config.numLayers}`;
        expectWithin(
          worstDifference(
            numbersOf(outputs, state),
            packedVectors(table, `${name}.${precision}.encoder_last_hidden_state`, lengthsOf(source)),
          ),
          tolerance(outputs, moved, state),
          `encoder states: ${name} ${precision}`,
        );
        const [found, theirs] = logits(name, precision, outputs, labels);
        expectWithin(
          worstDifference(found, theirs),
          tolerance(outputs, moved, 'logits'),
          `logits: ${name} ${precision}`,
        );
      }
    }
  });

  const computed = (outputs: Values, feeds: Values): Computed => ({
    loss: numbersOf(outputs, 'loss')[0] ?? Number.NaN,
    logits: numbersOf(outputs, 'logits'),
    gradients: gradientsOf(outputs, feeds),
  });

  /** Ours and theirs at real tokens; a table that holds only the last positions is compared at those. */
  function logits(
    name: string,
    precision: string,
    outputs: Values,
    labels: number[][],
  ): [ArrayLike<number>, ArrayLike<number>] {
    const ours = numbersOf(outputs, 'logits');
    if (table.has(`${name}.${precision}.logits`))
      return [ours, packedVectors(table, `${name}.${precision}.logits`, lengthsOf(labels))];
    const [, kept = 0, width = 0] = table.shape(`${name}.${precision}.logits.last_rows`);
    const theirs = table.numbers(`${name}.${precision}.logits.last_rows`);
    const longest = Math.max(...lengthsOf(labels));
    const pairs: [number[], number[]] = [[], []];
    let token = 0;
    labels.forEach((row, index) => {
      for (let position = Math.max(0, longest - kept); position < row.length; position += 1) {
        pairs[0].push(...Array.from(ours).slice((token + position) * width, (token + position + 1) * width));
        const slot = index * kept + position - (longest - kept);
        pairs[1].push(...theirs.slice(slot * width, (slot + 1) * width));
      }
      token += row.length;
    });
    expect(pairs[0].length).toBeGreaterThan(0);
    return pairs;
  }

  test('the hidden states after each layer', async () => {
    for (const name of casesWith('encoder_hidden.0')) {
      const { outputs, moved, source, labels } = await run(name);
      for (let layer = 0; table.has(`${name}.f32.encoder_hidden.${layer}`); layer += 1) {
        expectWithin(
          worstDifference(
            numbersOf(outputs, `encoder.${layer}`),
            packedVectors(table, `${name}.f32.encoder_hidden.${layer}`, lengthsOf(source)),
          ),
          tolerance(outputs, moved, `encoder.${layer}`),
          `hidden states: encoder ${layer}`,
        );
      }
      for (let layer = 0; table.has(`${name}.f32.decoder_hidden.${layer}`); layer += 1) {
        expectWithin(
          worstDifference(
            numbersOf(outputs, `decoder.${layer}`),
            packedVectors(table, `${name}.f32.decoder_hidden.${layer}`, lengthsOf(labels)),
          ),
          tolerance(outputs, moved, `decoder.${layer}`),
          `hidden states: decoder ${layer}`,
        );
      }
    }
  });

  test('the gradient of every parameter', async () => {
    for (const name of casesWith('grad.shared.weight')) {
      const { outputs, moved } = await run(name);
      const [ours, others] = [
        gradientsOf(outputs, feedsOf(name)),
        moved.map((other) => gradientsOf(other, feedsOf(name))),
      ];
      const prefix = `${name}.f32.grad.`;
      const theirs = table.names.filter((each) => each.startsWith(prefix));
      expectGradients(
        ours,
        others,
        new Map(theirs.map((each) => [each.slice(prefix.length), table.numbers(each)])),
        `${name} `,
      );
    }
  });

  test('relative position buckets, and the biases that they select', () => {
    const settings = {
      count: folder.config.relativeAttentionNumBuckets,
      maxDistance: folder.config.relativeAttentionMaxDistance,
    };
    const relative = table.numbers('bucket.relative_position');
    expect(relative.map((each) => positionBucket(each, { ...settings, bidirectional: true }))).toEqual(
      table.numbers('bucket.bidirectional'),
    );
    expect(relative.map((each) => positionBucket(each, { ...settings, bidirectional: false }))).toEqual(
      table.numbers('bucket.unidirectional'),
    );
    const biases = table.names
      .flatMap((name) => /^position_bias\.(encoder|decoder)\.(\d+)$/.exec(name) ?? [])
      .filter((_, index) => index % 3 === 0);
    expect(biases.length).toBeGreaterThan(0);
    for (const name of biases) {
      const [, stack = '', length = ''] = name.split('.');
      const weights =
        folder.weights[`${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`]?.data ?? [];
      const size = Number(length);
      const buckets = bucketsByDistance(size, { ...settings, bidirectional: stack === 'encoder' });
      const heads = folder.config.numHeads;
      const ours = Array.from({ length: heads * size * size }, (_, index) => {
        const [head, query, key] = [
          Math.floor(index / size ** 2),
          Math.floor(index / size) % size,
          index % size,
        ];
        return Number(weights[(buckets[key - query + size - 1] ?? 0) * heads + head]);
      });
      expect(worstDifference(ours, table.numbers(name)), name).toBe(0);
    }
  });

  const casesWith = (tensor: string): readonly string[] =>
    table.names.flatMap((name) =>
      name.endsWith(`.f32.${tensor}`) ? [name.slice(0, -`.f32.${tensor}`.length)] : [],
    );
}

const states = (stack: string, nodes: readonly Node[]): Readonly<Record<string, Node>> =>
  Object.fromEntries(nodes.map((node, index) => [`${stack}.${index}`, node]));

const tolerance = (outputs: Values, moved: readonly Values[], name: string): number =>
  roundingAllowance(
    2e-5,
    Math.max(...moved.map((other) => worstDifference(numbersOf(outputs, name), numbersOf(other, name)))),
  );

function numbersOf(outputs: Values, name: string): Float32Array {
  const value = outputs[name];
  if (value?.dtype !== 'float32') throw new Error(`no real output "${name}"`);
  return value.data;
}
