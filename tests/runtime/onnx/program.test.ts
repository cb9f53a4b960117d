import { describe, expect, test } from 'vitest';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import {
  compileOnnx,
  type OnnxProgram,
  type PlaceOutput,
} from '../../../src/ml/runtime/onnx/compile-onnx.ts';
import { createKernels } from '../../../src/ml/runtime/onnx/kernels/kernels.ts';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import type { Node } from '../../../src/ml/tensor/node.ts';
import { add, exp, multiply } from '../../../src/ml/tensor/ops/elementwise.ts';
import { expand, reduceSum, reshape } from '../../../src/ml/tensor/ops/layout.ts';
import { matmul } from '../../../src/ml/tensor/ops/matmul.ts';
import { constant, input } from '../../../src/ml/tensor/ops/source.ts';

const runtime = await openRuntime('onnx', { threads: 1 });
const compile = (outputs: Readonly<Record<string, Node>>): Promise<OnnxProgram> =>
  compileOnnx({ outputs }, { threads: 1 });
const real = (shape: readonly number[], ...values: readonly number[]): HostValue => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const x = input('x', 'float32', ['n', 2]);
const from =
  (places: Readonly<Record<string, HostValue>>): PlaceOutput =>
  (name) =>
    places[name];

test('names its engine', () => {
  expect(runtime).toMatchObject({ name: 'onnx', device: 'cpu' });
  expect(runtime.version).toMatch(/^onnxruntime-node \d+\.\d+\.\d+$/);
});

describe('one program', () => {
  test('serves every size of the named dimensions, and sizes computed from them', async () => {
    const program = await compile({
      y: add(expand(reshape(reduceSum(x, [1]), [1, 'n']), ['n', 'n']), reduceSum(x)),
    });
    expect(await program.run({ x: real([1, 2], 1, 2) })).toEqual({ y: real([1, 1], 6) });
    expect(await program.run({ x: real([2, 2], 1, 2, 3, 4) })).toEqual({ y: real([2, 2], 13, 17, 13, 17) });
  });

  test('gives inputs, constants and one value under two names as outputs', async () => {
    const twice = multiply(x, 2);
    const program = await compile({ x, one: constant([1, 2]), twice, again: twice });
    expect(await program.run({ x: real([1, 2], 3, 4) })).toEqual({
      x: real([1, 2], 3, 4),
      one: real([2], 1, 2),
      twice: real([1, 2], 6, 8),
      again: real([1, 2], 6, 8),
    });
  });

  test('keeps its output names, whatever the inputs are called', async () => {
    const program = await compile({ '%0': input('y', 'float32', []), y: exp(input('%0', 'float32', [])) });
    expect(await program.run({ '%0': real([], 0), y: real([], 7) })).toEqual({
      '%0': real([], 7),
      y: real([], 1),
    });
  });

  test('does not run once it is released', async () => {
    const program = await compile({ y: exp(x) });
    await program.release();
    await expect(program.run({ x: real([1, 2], 0, 0) })).rejects.toThrow();
  });
});

describe('memory', () => {
  test('that is given is written in place and returned', async () => {
    const [[given = new Float32Array(0)] = []] = createKernels().allocate([[4]]);
    const into: HostValue = { dtype: 'float32', shape: [2, 2], data: given };
    const program = await compile({ y: multiply(x, 3), z: add(x, 1) });
    const { y, z } = await program.run({ x: real([2, 2], 1, 2, 3, 4) }, from({ y: into }));
    expect(y).toBe(into);
    expect([...given]).toEqual([3, 6, 9, 12]);
    expect(z).toEqual(real([2, 2], 2, 3, 4, 5));
  });

  test('that is given is not copied', async () => {
    const large = { dtype: 'float32', shape: [2 ** 19, 2], data: new Float32Array(2 ** 20) } as const;
    const program = await compile({ y: multiply(x, 3) });
    const into = { y: { ...large, data: new Float32Array(2 ** 20) } };
    const before = process.memoryUsage().arrayBuffers;
    await program.run({ x: large }, from(into));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 21);
  });

  test('that is given for several names of one value is written for each', async () => {
    const y = multiply(x, 3);
    const program = await compile({ first: y, second: y, third: y });
    const into = { first: real([1, 2], 0, 0), third: real([1, 2], 0, 0) };
    const outputs = await program.run({ x: real([1, 2], 1, 2) }, from(into));
    expect(outputs).toEqual({
      first: real([1, 2], 3, 6),
      second: real([1, 2], 3, 6),
      third: real([1, 2], 3, 6),
    });
    expect(outputs['third']).toBe(into.third);
  });

  test('of a feed is read in place, also in WebAssembly, and not changed', async () => {
    const [[weight = new Float32Array(0)] = []] = createKernels().allocate([[4]]);
    weight.set([1, 0, 0, 1]);
    const program = await compile({ y: matmul(x, input('w', 'float32', [2, 2])) });
    const feeds = { x: real([1, 2], 5, 6), w: { dtype: 'float32', shape: [2, 2], data: weight } as const };
    expect(await program.run(feeds)).toEqual({ y: real([1, 2], 5, 6) });
    weight.set([0, 2, 2, 0]);
    expect(await program.run(feeds)).toEqual({ y: real([1, 2], 12, 10) });
    expect([...weight]).toEqual([0, 2, 2, 0]);
  });

  test('of the wrong size for an output is an error, not an overrun', async () => {
    const program = await compile({ y: exp(x) });
    const into = from({ y: real([1, 2], 0, 0) });
    await expect(program.run({ x: real([2, 2], 1, 2, 3, 4) }, into)).rejects.toThrow();
  });
});

describe('mismatched feeds are named', () => {
  const feeds = {
    a: real([2, 3], 1, 2, 3, 4, 5, 6),
    b: real([3], 1, 2, 3),
    flat: real([6], 1, 2, 3, 4, 5, 6),
  };
  const sum = add(
    add(input('a', 'float32', ['n', 'm']), input('b', 'float32', ['m'])),
    reshape(input('flat', 'float32', ['n*m']), ['n', 'm']),
  );

  test.each<[string, Readonly<Record<string, HostValue>>, string]>([
    ['missing', { a: feeds.a, b: feeds.b }, 'the feed of the input "flat", float32[m*n], is missing'],
    [
      'dtype',
      { ...feeds, b: { dtype: 'int32', shape: [3], data: Int32Array.of(1, 2, 3) } },
      '"b" is fed with int32[3], expected float32[m]',
    ],
    ['rank', { ...feeds, b: real([1, 3], 1, 2, 3) }, '"b" is fed with float32[1, 3], expected float32[m]'],
    ['two sizes', { ...feeds, b: real([2], 1, 2) }, '"a" gives m = 3, but "b" gives 2'],
    [
      'product',
      { ...feeds, flat: real([5], 1, 2, 3, 4, 5) },
      '"flat" is fed with 5 on axis 0, expected m*n = 6',
    ],
    ['elements', { ...feeds, b: real([3], 1, 2) }, '"b" is fed with 2 elements for the shape [3]'],
  ])('%s', async (_, wrong, message) => {
    const program = await compile({ sum });
    await expect(program.run(wrong)).rejects.toThrow(message);
    expect(await program.run(feeds)).toEqual({ sum: real([2, 3], 3, 6, 9, 9, 12, 15) });
  });
});

test('an invalid graph is refused before it runs', async () => {
  await expect(compile({ y: { ...exp(x), shape: ['k'] } })).rejects.toThrow(
    'the graph is not legal: Exp has type float32[k], but its rule gives float32[n, 2]; no input ' +
      'has the size "k" as an axis',
  );
});
