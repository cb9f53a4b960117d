import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addRows } from '../../../../src/ml/runtime/onnx/kernels/add-rows.ts';
import { type AdamWStep, createKernels } from '../../../../src/ml/runtime/onnx/kernels/kernels.ts';

const lengths = fc.integer({ min: 0, max: 70 });
const floats = (length: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength: length, maxLength: length, noNaN: true, min: -4, max: 4 });

const settings: fc.Arbitrary<AdamWStep> = fc.record({
  step: fc.integer({ min: 1, max: 1000 }),
  learningRate: fc.double({ min: 0, max: 1, noNaN: true }),
  beta1: fc.double({ min: 0, max: 0.99, noNaN: true }),
  beta2: fc.double({ min: 0, max: 0.999, noNaN: true }),
  epsilon: fc.double({ min: 1e-9, max: 1e-3, noNaN: true }),
  weightDecay: fc.double({ min: 0, max: 1, noNaN: true }),
  gradientScale: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** AdamW of one element in float64, by the formulas of torch.optim.AdamW. */
function adamwOf(
  p: number,
  m: number,
  v: number,
  gradient: number,
  s: AdamWStep,
): { p: number; m: number; v: number } {
  const g = gradient * s.gradientScale;
  const first = s.beta1 * m + (1 - s.beta1) * g;
  const second = s.beta2 * v + (1 - s.beta2) * g * g;
  const decayed = p * (1 - s.learningRate * s.weightDecay);
  const root = Math.sqrt(second) / Math.sqrt(1 - s.beta2 ** s.step) + s.epsilon;
  return { p: decayed - ((s.learningRate / (1 - s.beta1 ** s.step)) * first) / root, m: first, v: second };
}

/** Equal to a few float32 roundings of the numbers that go in. */
function expectClose(got: number | undefined, wanted: number, magnitude: number): void {
  expect(Math.abs((got ?? Number.NaN) - wanted)).toBeLessThanOrEqual(1e-6 * magnitude + 1e-30);
}

test('AdamW updates every element, also after the last group of four, as torch does', () => {
  const cases = lengths.chain((length) =>
    fc.tuple(floats(length), floats(length), floats(length), floats(length), settings),
  );
  fc.assert(
    fc.property(cases, ([p, m, v, g, step]) => {
      const kernels = createKernels();
      const [[parameter = empty, firstMoment = empty, secondMoment = empty, gradient = empty] = []] =
        kernels.allocate([[p.length, p.length, p.length, p.length]]);
      parameter.set(p);
      firstMoment.set(m);
      secondMoment.set(v.map(Math.abs));
      gradient.set(g);
      kernels.adamw({ parameter, firstMoment, secondMoment, gradient }, step);
      for (let i = 0; i < p.length; i += 1) {
        const [pi, mi, vi, gi] = [p[i] ?? 0, m[i] ?? 0, Math.abs(v[i] ?? 0), g[i] ?? 0];
        const wanted = adamwOf(pi, mi, vi, gi, step);
        expectClose(firstMoment[i], wanted.m, Math.abs(mi) + Math.abs(gi));
        expectClose(secondMoment[i], wanted.v, vi + gi * gi);
        // The update is a quotient of what was rounded above.
        const change =
          Math.abs(wanted.p - pi) +
          (step.learningRate * (Math.abs(mi) + Math.abs(gi))) /
            ((1 - step.beta1 ** step.step) * (Math.sqrt(wanted.v) + step.epsilon));
        expectClose(parameter[i], wanted.p, 4 * (Math.abs(pi) + change));
      }
      expect([...gradient]).toEqual([...g]);
    }),
  );
});

test('a first step moves by the learning rate against the gradient, whatever its size', () => {
  const kernels = createKernels();
  const gradients = [1e-3, -1e-3, 0.5, -2, 300, 1e-12];
  const n = gradients.length;
  const [[parameter = empty, firstMoment = empty, secondMoment = empty, gradient = empty] = []] =
    kernels.allocate([[n, n, n, n]]);
  gradient.set(gradients);
  kernels.adamw(
    { parameter, firstMoment, secondMoment, gradient },
    {
      step: 1,
      learningRate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.5,
      gradientScale: 1,
    },
  );
  expect([...parameter].map((x) => x.toFixed(4))).toEqual([
    '-0.1000',
    '0.1000',
    '-0.1000',
    '0.1000',
    '-0.1000',
    '-0.0000',
  ]);
});

test('the update of an element does not depend on its index', () => {
  fc.assert(
    fc.property(fc.tuple(floats(8), floats(8), floats(8), floats(8), settings), ([p, m, v, g, step]) => {
      const run = (from: number, to: number): number[] => {
        const kernels = createKernels();
        const n = to - from;
        const [[parameter = empty, firstMoment = empty, secondMoment = empty, gradient = empty] = []] =
          kernels.allocate([[n, n, n, n]]);
        parameter.set(p.subarray(from, to));
        firstMoment.set(m.subarray(from, to));
        secondMoment.set(v.map(Math.abs).subarray(from, to));
        gradient.set(g.subarray(from, to));
        kernels.adamw({ parameter, firstMoment, secondMoment, gradient }, step);
        return [...parameter];
      };
      expect([...run(0, 3), ...run(3, 8)]).toEqual(run(0, 8));
    }),
    { numRuns: 30 },
  );
});

test('the sum of squares is computed in float64, for whole arrays and parts', () => {
  fc.assert(
    fc.property(lengths.chain(floats), fc.nat(70), (values, from) => {
      const kernels = createKernels();
      const [[x = empty] = []] = kernels.allocate([[values.length]]);
      x.set(values);
      const part = x.subarray(Math.min(from, x.length));
      const wanted = [...part].reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(kernels.sumOfSquares(part) - wanted)).toBeLessThanOrEqual(1e-14 * wanted);
    }),
  );
});

test('a NaN or an infinity anywhere shows in the sum of squares', () => {
  const kernels = createKernels();
  const [[x = empty] = []] = kernels.allocate([[11]]);
  for (let i = 0; i < x.length; i += 1) {
    x.fill(1);
    x[i] = Number.NaN;
    expect(kernels.sumOfSquares(x)).toBeNaN();
    x[i] = Number.NEGATIVE_INFINITY;
    expect(kernels.sumOfSquares(x)).toBe(Number.POSITIVE_INFINITY);
  }
});

test('scaling and accumulating round once per operation', () => {
  fc.assert(
    fc.property(
      lengths.chain((length) => fc.tuple(floats(length), floats(length))),
      fc.double({ min: -10, max: 10, noNaN: true }),
      ([a, b], factor) => {
        const kernels = createKernels();
        const [[target = empty, source = empty] = []] = kernels.allocate([[a.length, b.length]]);
        target.set(a);
        source.set(b);
        const f = Math.fround(factor);
        kernels.accumulate(target, source, factor);
        expect([...target]).toEqual([...a].map((x, i) => Math.fround(x + Math.fround((b[i] ?? 0) * f))));
        kernels.scale(source, factor);
        expect([...source]).toEqual([...b].map((x) => Math.fround(x * f)));
      },
    ),
  );
});

test('groups of arrays are zeroed separately, and may be in several memories', () => {
  const kernels = createKernels();
  const arrays = kernels.allocate([[3, 0, 5], [1_000_000], [7, 7]]).flat();
  expect(arrays.map(({ length }) => length)).toEqual([3, 0, 5, 1_000_000, 7, 7]);
  expect(arrays.every((array) => array.every((value) => value === 0))).toBe(true);
  arrays.forEach((array, i) => array.fill(i + 1));
  expect(arrays.every((array, i) => array.every((value) => value === i + 1))).toBe(true);
});

test('arrays outside the memory, of two memories, or of different lengths are refused', () => {
  const kernels = createKernels();
  const [[a = empty, short = empty] = []] = kernels.allocate([[8, 4]]);
  const [[other = empty] = []] = kernels.allocate([[8]]);
  expect(() => kernels.scale(new Float32Array(8), 1)).toThrow('not allocated by these kernels');
  expect(() => kernels.accumulate(a, other, 1)).toThrow('not allocated in one group');
  expect(() => kernels.accumulate(a, short, 1)).toThrow('differ in length: 8, 4');
  expect(() => kernels.allocate([[2 ** 29, 2 ** 29, 2 ** 29]])).toThrow('in one WebAssembly memory');
});

test('rows are added to the table by index, repeated ones in their order', () => {
  const table = Float32Array.of(1, 2, 10, 20, 100, 200);
  addRows(table, Float32Array.of(0.5, 0.25, 1, 1, 2, 2), Int32Array.of(2, 0, 2));
  expect([...table]).toEqual([2, 3, 10, 20, 102.5, 202.25]);
  expect(() => addRows(table, Float32Array.of(1, 1), Int32Array.of(3))).toThrow(
    'row 3 is not in a table of 3 rows',
  );
});

const empty = new Float32Array(0);
