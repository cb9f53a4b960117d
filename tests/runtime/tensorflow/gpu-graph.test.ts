import { describe, expect, test } from 'vitest';
import type { TrainingRuntime } from '../../../src/ml/runtime/runtime.ts';
import {
  createGraphWriter,
  type GraphWriter,
  openScope,
} from '../../../src/ml/runtime/tensorflow/emit-graph.ts';
import { openSession } from '../../../src/ml/runtime/tensorflow/session.ts';
import { identityOf, loadEngine } from '../../../src/ml/runtime/tensorflow/tensorflow-runtime.ts';
import { openTrainingSession } from '../../../src/ml/runtime/tensorflow/training-session.ts';
import type { Node } from '../../../src/ml/tensor/node.ts';
import { differentiated } from '../../tensor/differentiated.ts';
import { feedsOf, middleSizes, opCases } from '../../tensor/op-cases.ts';
import { evaluateNodes } from '../../tensor/reference-evaluator.ts';
import { trainTiny } from '../../train/tiny-training.ts';
import { compile } from '../compile.ts';
import { expectClose, hostValues, withUpstream } from '../op-case-values.ts';
import { tensorflow, tensorflowFolder } from '../runtimes.ts';

const cases = Object.values(opCases).flat();

/**
 * Kernels of TensorFlow 2.9 to 2.21 that refuse to run on a GPU, or run on the host, where ops must be
 * deterministic (tensorflow/core/kernels).
 */
const unusable = [
  'SoftmaxCrossEntropyWithLogits',
  'SparseSoftmaxCrossEntropyWithLogits',
  'ScatterNd',
  'TensorScatterAdd',
  'TensorScatterSub',
  'TensorScatterUpdate',
  'ResourceScatterAdd',
  'ResourceScatterSub',
  'ResourceScatterUpdate',
  'Bincount',
  'DenseBincount',
  'Cumsum',
];

test('a graph for a GPU has only ops whose kernels are deterministic there', () => {
  const graph = createGraphWriter({ precision: 'float32', device: 'cuda' });
  for (const opCase of cases) openScope(graph, new Map()).lower(outputsOf(opCase));
  const operators = new Set(graph.nodes.map(({ operator }) => operator));
  expect(operators.size).toBeGreaterThan(40);
  expect(unusable.filter((operator) => operators.has(operator))).toEqual([]);
});

test('a graph for the CPU has the loss and its gradient in one kernel', () => {
  const graph = createGraphWriter({ precision: 'float32', device: 'cpu' });
  openScope(graph, new Map()).lower(outputsOf(firstOf('CrossEntropy')));
  const kernels = graph.nodes.filter(({ operator }) => operator === 'SparseSoftmaxCrossEntropyWithLogits');
  expect(kernels).toHaveLength(1);
});

test('a one-hot matrix waits for the scores, since what takes labels alone is computed first', () => {
  for (const op of ['SubtractOneHot', 'LabelScores', 'SubtractAtLabels'] as const) {
    const graph = createGraphWriter({ precision: 'float32', device: 'cuda' });
    const scope = openScope(graph, new Map());
    scope.lower({ result: differentiated(firstOf(op)).result });
    const scores = (scope.fed.get('scores') ?? scope.fed.get('logits'))?.node;
    const matrices = graph.nodes.filter(({ operator }) => operator === 'OneHot');
    expect(matrices.length).toBeGreaterThan(0);
    for (const { inputs } of matrices) expect(needed(graph, inputs)).toContain(scores);
  }
});

describe.skipIf(tensorflow.isMissing)(`graphs for a GPU, on the CPU of ${tensorflow.name}`, () => {
  test.each(['CrossEntropy', 'SubtractOneHot'] as const)('compute %s and its gradient', async (op) => {
    for (const opCase of opCases[op]) {
      const outputs = outputsOf(opCase);
      const program = await compile(openForGpu(), { outputs });
      const given = feedsOf(opCase, middleSizes);
      const feeds = withUpstream(given, evaluateNodes([differentiated(opCase).result], given)[0]);
      const computed = await program.run(hostValues(feeds));
      await program.release();
      const expected = evaluateNodes(Object.values(outputs), feeds);
      Object.keys(outputs).forEach((name, i) => expectClose(name, computed[name], expected[i]));
    }
  });

  test('train like onnx', async () => {
    const settings = { length: { steps: 5 } } as const;
    const found = lossesOf(await trainTiny(settings, { runtime: openForGpu() }));
    const expected = lossesOf(await trainTiny(settings));
    expect(found.length).toBeGreaterThan(4);
    found.forEach((loss, step) => expect(Math.abs(loss / (expected[step] ?? 0) - 1)).toBeLessThan(1e-5));
  });
});

function outputsOf(opCase: (typeof cases)[number]): Readonly<Record<string, Node>> {
  const { result, gradients } = differentiated(opCase);
  return Object.fromEntries([
    ['result', result],
    ...[...gradients].flatMap(([name, node]) => (node === undefined ? [] : [[`gradient of ${name}`, node]])),
  ]);
}

/** The names of all nodes that are computed before those inputs are. */
function needed({ nodes }: GraphWriter, inputs: readonly string[]): ReadonlySet<string> {
  const inputsOf = new Map(nodes.map((node) => [node.name, node.inputs]));
  const found = new Set<string>();
  const visit = (input: string): void => {
    const name = input.replace(/^\^|:\d+$/g, '');
    if (found.has(name)) return;
    found.add(name);
    inputsOf.get(name)?.forEach(visit);
  };
  inputs.forEach(visit);
  return found;
}

function firstOf(op: keyof typeof opCases): (typeof cases)[number] {
  const [first] = opCases[op];
  if (first === undefined) throw new Error(`there is no case of ${op}`);
  return first;
}

/** What a machine with a GPU would load, computed by the CPU's kernels. */
function openForGpu(): TrainingRuntime {
  if (tensorflowFolder === undefined) throw new Error('TensorFlow is not installed');
  const engine = { ...loadEngine({ threads: 2, folder: tensorflowFolder }), device: 'cuda' } as const;
  return {
    ...identityOf(engine),
    open: (plan) => openSession(plan, engine),
    openTraining: (plan) => openTrainingSession(plan, engine),
  };
}

const lossesOf = ({ outcome }: Awaited<ReturnType<typeof trainTiny>>): readonly number[] => {
  if (outcome.kind !== 'finished') throw new Error(outcome.kind);
  return outcome.records.flatMap((record) => ('loss' in record ? [record.loss] : []));
};
