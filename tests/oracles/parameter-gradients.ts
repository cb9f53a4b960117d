import { expect } from 'vitest';
import { type TrainingGraph, trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import type { Mt5Trace } from '../../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { compile } from '../runtime/compile.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { worstDifference, worstShare } from './mt5-tables.ts';
import { expectWithin, roundingAllowance } from './within.ts';
import { oracleRuntime } from './oracle-runtime.ts';

/**
 * The gradient of every parameter: what the graph gives whole, and the rows of its lookups added up, in
 * float64.
 */
export function parameterGradients(
  graph: TrainingGraph,
  outputs: Readonly<Record<string, HostValue>>,
  feeds: Readonly<Record<string, HostValue>>,
): ReadonlyMap<string, Float32Array> {
  const sums = new Map<string, Float64Array>();
  const sumOf = (parameter: string): Float64Array => {
    const sum = sums.get(parameter) ?? new Float64Array(feeds[parameter]?.data.length ?? 0);
    sums.set(parameter, sum);
    return sum;
  };
  for (const parameter of graph.dense)
    realsOf(outputs, `gradient.${parameter}`).forEach((value, index) =>
      addAt(sumOf(parameter), index, value),
    );
  for (const { parameter, output, indices } of graph.lookups) {
    const rows = realsOf(outputs, output);
    const places = feeds[indices]?.data ?? [];
    const width = rows.length / places.length;
    const sum = sumOf(parameter);
    rows.forEach((value, index) =>
      addAt(sum, Number(places[Math.floor(index / width)]) * width + (index % width), value),
    );
  }
  return new Map([...sums].map(([parameter, sum]) => [parameter, Float32Array.from(sum)]));
}

function addAt(sum: Float64Array, index: number, value: number): void {
  sum[index] = (sum[index] ?? 0) + value;
}

function realsOf(values: Readonly<Record<string, HostValue>>, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`no real output "${name}"`);
  return value.data;
}

/** What a step gives that rounding moves. */
export interface Computed {
  readonly loss: number;
  /** [tokens, vocabulary] */
  readonly logits: ArrayLike<number>;
  readonly gradients: Gradients;
}

/**
 * Demands the gradients of a table, as near as rounding lets two of them be: by how far ours move, or where
 * one is all rounding by the largest of all.
 */
export function expectGradients(
  ours: Gradients,
  moved: readonly Gradients[],
  theirs: Gradients,
  what = '',
): void {
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  const largest = Math.max(...[...theirs.values()].map(largestOf));
  for (const [name, expected] of theirs) {
    const gradient = ours.get(name) ?? [];
    if (largestOf(expected) < vanished * largest)
      expectWithin(worstDifference(gradient, expected) / largest, vanished, `gradient: ${what}${name}`);
    else
      expectWithin(
        worstShare(gradient, expected),
        roundingAllowance(
          1e-5,
          Math.max(...moved.map((other) => worstShare(gradient, other.get(name) ?? []))),
        ),
        `gradient: ${what}${name}`,
      );
  }
}

type Gradients = ReadonlyMap<string, ArrayLike<number>>;

/**
 * The share of the largest gradient below which another may be all rounding. Seen where attention is
 * saturated: 6e-12 in torch in float64, in float32 6e-12 or 2.7e-5 by the last bits of the weights, the
 * largest being 1.6.
 */
const vanished = 1e-4;

const largestOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** One batch, by the parameters and by those as near as any. */
export async function computedAmong(
  trace: Mt5Trace,
  trainable: ReadonlyMap<string, Node>,
  batch: Readonly<Record<string, HostValue>>,
  parameters: Feeds,
): Promise<{ readonly ours: Computed; readonly moved: readonly Computed[] }> {
  const graph = trainingGraph(trace, trainable);
  const program = await compile(await oracleRuntime(), {
    outputs: { ...graph.graph.outputs, logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
  });
  const compute = async (values: Feeds): Promise<Computed> => {
    const feeds = { ...values, ...batch };
    const outputs = await program.run(feeds);
    return {
      loss: Number(outputs['loss']?.data[0]),
      logits: realsOf(outputs, 'logits'),
      gradients: parameterGradients(graph, outputs, feeds),
    };
  };
  const ours = await compute(parameters);
  const moved: Computed[] = [];
  for (const values of neighbours(parameters)) moved.push(await compute(values));
  await program.release();
  return { ours, moved };
}

/**
 * Parameters that are as near as any: the last bit is turned of all, of every other one, of the rest. One may
 * by chance move nothing.
 */
export const neighbours = (parameters: Feeds): readonly Feeds[] =>
  [() => true, isEven, (place: number) => !isEven(place)].map((chosen) => lastBitsTurned(parameters, chosen));

const isEven = (place: number): boolean => place % 2 === 0;

/**
 * How far rounding may move the two numbers of a step, as shares of them, told from how it moved tensors: a
 * number alone may by chance stay where it is. The loss is a mean of tokens' losses, each of which moves
 * about as its logits do; a gradient's norm moves no more than the norm of the gradient's movement.
 */
export function movedNumbers(
  ours: Computed,
  moved: readonly Computed[],
  tokens: number,
): { readonly loss: number; readonly gradientNorm: number } {
  const joined = ({ gradients }: Computed): readonly number[] =>
    [...gradients.keys()].sort().flatMap((name) => Array.from(gradients.get(name) ?? []));
  const gradients = joined(ours);
  return {
    loss:
      Math.max(
        ...moved.map(({ logits }) =>
          rootMeanSquare(differences(Array.from(ours.logits), Array.from(logits))),
        ),
      ) /
      Math.sqrt(tokens) /
      ours.loss,
    gradientNorm:
      Math.max(...moved.map((other) => rootMeanSquare(differences(gradients, joined(other))))) /
      rootMeanSquare(gradients),
  };
}

const differences = (left: readonly number[], right: readonly number[]): readonly number[] =>
  left.map((value, index) => value - (right[index] ?? Number.NaN));

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/**
 * The same values with the last bit of every float32 turned over, or more last bits of those at the places
 * that are chosen. How far results move by it tells how far apart two right computations in float32 may be:
 * large random adapters saturate attention, which magnifies rounding far beyond a trained model's.
 */
export function lastBitsTurned(
  values: Feeds,
  chosen: (place: number) => boolean = () => true,
  count = 1,
): Feeds {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value.dtype !== 'float32') return [name, value];
      const bits = new Int32Array(value.data.slice().buffer).map((each, place) =>
        each === 0 || !chosen(place) ? each : each ^ (2 ** count - 1),
      );
      return [name, { ...value, data: new Float32Array(bits.buffer) }];
    }),
  );
}
