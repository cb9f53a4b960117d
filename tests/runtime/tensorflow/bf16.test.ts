import { describe, expect, test } from 'vitest';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import { matmul, type MatMulOptions } from '../../../src/ml/tensor/ops/matmul.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import { bitsOf, trainTiny } from '../../train/tiny-training.ts';
import { compile } from '../compile.ts';
import { openTensorflow, tensorflow } from '../runtimes.ts';

describe.skipIf(tensorflow.isMissing)(`products of bf16 on ${tensorflow.name}`, () => {
  test.each<[shapes: readonly [readonly number[], readonly number[]], options: MatMulOptions]>([
    [
      [
        [5, 64],
        [64, 7],
      ],
      {},
    ],
    [
      [
        [5, 64],
        [7, 64],
      ],
      { transposeB: true, scale: 0.37 },
    ],
    [
      [
        [64, 5],
        [64, 7],
      ],
      { transposeA: true },
    ],
    [
      [
        [3, 2, 5, 64],
        [3, 2, 7, 64],
      ],
      { transposeB: true },
    ],
  ])('equal those of operands rounded to bfloat16: %j %j', async ([left, right], options) => {
    const [a, b] = [values(left, 1), values(right, 2)];
    const product = matmul(input('a', 'float32', left), input('b', 'float32', right), options);
    const program = await compile(await openTensorflow('bf16'), { outputs: { product } });
    const { product: computed } = await program.run({ a: real(left, a), b: real(right, b) });
    await program.release();
    const expected = productOf([left, a.map(rounded)], [right, b.map(rounded)], options);
    expect(computed?.shape.at(-1)).toBe(7);
    // A product comes out rounded to 8 bits; the sums before are of float32.
    expected.forEach(({ sum, size }, index) => {
      const error = Math.abs(Number(computed?.data[index]) - sum);
      expect(error).toBeLessThanOrEqual(Math.abs(sum) * 2 ** -8 + size * 1e-6);
    });
    // Of float32 operands they would be others.
    const unrounded = productOf([left, a], [right, b], options);
    expect(unrounded.some(({ sum }, index) => Math.abs(Number(computed?.data[index]) - sum) > 1e-5)).toBe(
      true,
    );
  });

  test('train like float32 to their precision, with the same bits each time', async () => {
    const settings = { length: { steps: 6 } } as const;
    const [runtime, plain] = [await openTensorflow('bf16'), await openTensorflow()];
    const first = await trainTiny(settings, { runtime });
    expect(bitsOf(await trainTiny(settings, { runtime }))).toEqual(bitsOf(first));
    const expected = lossesOf(await trainTiny(settings, { runtime: plain }));
    const losses = lossesOf(first);
    expect(losses).not.toEqual(expected);
    losses.forEach((loss, step) => expect(Math.abs(loss / (expected[step] ?? 0) - 1)).toBeLessThan(0.02));
  });

  test('leave TF32 off, whatever the environment says', async () => {
    process.env['NVIDIA_TF32_OVERRIDE'] = '1';
    await openTensorflow();
    expect(process.env['NVIDIA_TF32_OVERRIDE']).toBe('0');
  });

  test('keep weights in float32: a change too small for bfloat16 is kept', async () => {
    const runtime = await openTensorflow('bf16');
    const weights = async (learningRate: number): Promise<Float32Array> => {
      const { trained } = await trainTiny(
        { length: { steps: 1 }, learningRate, warmup: { steps: 0 } },
        { runtime },
      );
      const weight = trained.get('decoder.final_layer_norm.weight');
      if (weight === undefined) throw new Error('the training wrote no weights');
      return weight.data;
    };
    const [before, after] = [await weights(0), await weights(1e-5)];
    const changes = before.map((value, index) => Math.abs((after[index] ?? 0) - value));
    // Beside 1, the next number that bfloat16 has is 2^-8 away.
    expect(Math.max(...changes)).toBeGreaterThan(1e-6);
    expect(Math.max(...changes)).toBeLessThan(2e-5);
  });
});

const lossesOf = ({ outcome }: Awaited<ReturnType<typeof trainTiny>>): readonly number[] => {
  if (outcome.kind !== 'finished') throw new Error(outcome.kind);
  return outcome.records.flatMap((record) => ('loss' in record ? [record.loss] : []));
};

/** To the nearest number with 8 bits of mantissa, ties to even: bfloat16 is the upper half of float32. */
function rounded(value: number): number {
  const words = new Uint32Array(Float32Array.of(value).buffer);
  const word = words[0] ?? 0;
  words[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(words.buffer)[0] ?? Number.NaN;
}

const values = (shape: readonly number[], seed: number): readonly number[] =>
  Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) =>
    Math.fround(Math.sin(seed * 1000 + index * 1.7)),
  );

const real = (shape: readonly number[], data: readonly number[]): HostValue => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

/** Each element's sum, and the sum of its terms without their signs. */
function productOf(
  [left, a]: readonly [readonly number[], readonly number[]],
  [right, b]: readonly [readonly number[], readonly number[]],
  { transposeA = false, transposeB = false, scale = 1 }: MatMulOptions,
): readonly { readonly sum: number; readonly size: number }[] {
  const [rowsOfA = 0, columnsOfA = 0] = left.slice(-2);
  const [rowsOfB = 0, columnsOfB = 0] = right.slice(-2);
  const [rows, inner] = transposeA ? [columnsOfA, rowsOfA] : [rowsOfA, columnsOfA];
  const columns = transposeB ? rowsOfB : columnsOfB;
  const batches = left.slice(0, -2).reduce((product, size) => product * size, 1);
  return Array.from({ length: batches * rows * columns }, (_, place) => {
    const batch = Math.floor(place / (rows * columns));
    const [row, column] = [Math.floor(place / columns) % rows, place % columns];
    const terms = Array.from({ length: inner }, (__, k) => {
      const inA = transposeA ? k * columnsOfA + row : row * columnsOfA + k;
      const inB = transposeB ? column * columnsOfB + k : k * columnsOfB + column;
      return (
        scale * (a[batch * rowsOfA * columnsOfA + inA] ?? 0) * (b[batch * rowsOfB * columnsOfB + inB] ?? 0)
      );
    });
    return {
      sum: terms.reduce((sum, term) => sum + term, 0),
      size: terms.reduce((sum, term) => sum + Math.abs(term), 0),
    };
  });
}
