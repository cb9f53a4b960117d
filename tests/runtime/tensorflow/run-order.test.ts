import { describe, expect, test } from 'vitest';
import { plainTrace } from '../../../src/ml/model/mt5-trace.ts';
import { hashedDropout } from '../../../src/ml/model/mt5-dropout.ts';
import { trainingGraph } from '../../../src/ml/model/mt5-loss.ts';
import { runOrderOf, type Step } from '../../../src/ml/runtime/tensorflow/run-order.ts';
import type { Node } from '../../../src/ml/tensor/node.ts';
import { add, exp, multiply } from '../../../src/ml/tensor/ops/elementwise.ts';
import { matmul } from '../../../src/ml/tensor/ops/matmul.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import { tinyConfig } from '../../model/tiny-model.ts';

const x = input('x', 'float32', [4, 4]);
/** Steps one after the other. */
const chain = (from: Node, length: number): Node =>
  Array.from({ length }).reduce<Node>((node) => matmul(node, node), from);
const placeOf = (steps: readonly Step[], node: Node): number => steps.findIndex((step) => step.node === node);

test('what depends on feeds alone waits until it is needed, what continues a chain does not', () => {
  const mask = exp(input('bits', 'float32', [4, 4]));
  const { steps } = runOrderOf({ y: multiply(chain(x, 200), mask) });
  const waiting = steps.filter(({ waitsFor }) => waitsFor !== undefined);
  expect(waiting.map(({ node }) => node)).toEqual([mask]);
  const [{ waitsFor } = { waitsFor: undefined }] = waiting;
  expect(waitsFor).toBeDefined();
  const [from, to] = [steps.findIndex((step) => step === waitsFor), placeOf(steps, mask)];
  expect(to - from).toBeLessThan(64);
});

test('the same twice is computed once where the uses are near, and again where they are not', () => {
  const steps = (length: number): number =>
    runOrderOf({ y: add(chain(exp(x), length), exp(x)) }).steps.filter(({ node }) => node.op === 'Exp')
      .length;
  expect(steps(4)).toBe(1);
  expect(steps(1000)).toBe(2);
});

describe('a product of what is needed later anyway', () => {
  const [weights, mask] = [exp(x), exp(input('bits', 'float32', [4, 4]))];
  const kept = multiply(weights, mask);
  const products = (length: number, after: readonly Node[]): number => {
    const back = matmul(chain(matmul(kept, kept), length), kept);
    const { steps } = runOrderOf({ y: after.reduce((product, node) => matmul(product, node), back) });
    return steps.filter(({ node }) => node === kept).length;
  };

  test('is computed again where its uses are far apart', () => {
    expect(products(1000, [weights, mask])).toBe(2);
    expect(products(4, [weights, mask])).toBe(1);
  });

  test('is kept if something else would have to be kept for it', () => {
    expect(products(1000, [weights])).toBe(1);
    expect(products(1000, [])).toBe(1);
  });
});

test('outputs are gone through in the order in which a gradient meets them, whatever their names', () => {
  const [near, far] = [exp(chain(x, 3)), exp(chain(x, 40))];
  for (const outputs of [
    { a: near, b: far },
    { b: far, a: near },
  ]) {
    const { steps } = runOrderOf(outputs);
    expect(placeOf(steps, near)).toBeLessThan(placeOf(steps, far));
  }
});

test('no step of a training waits for one after it', () => {
  const trace = { ...plainTrace(tinyConfig), dropout: hashedDropout };
  for (const gradientCheckpointing of [false, true]) {
    const { graph } = trainingGraph(trace, trace.parameters, {
      gradientCheckpointing,
      headBlocks: { count: 2, recompute: true },
    });
    const { steps } = runOrderOf(graph.outputs);
    const seen = new Set<Step>();
    for (const step of steps) {
      for (const before of [...step.inputs, ...(step.waitsFor === undefined ? [] : [step.waitsFor])])
        expect(seen.has(before)).toBe(true);
      seen.add(step);
    }
    expect(steps.filter(({ waitsFor }) => waitsFor !== undefined).length).toBeGreaterThan(10);
  }
});
