import type { Dimension, DType, Node, Shape } from '../../src/ml/tensor/node.ts';
import type { OpName } from '../../src/ml/tensor/op.ts';
import { geluErf, geluTanh } from '../../src/ml/tensor/ops/activation.ts';
import * as e from '../../src/ml/tensor/ops/elementwise.ts';
import { gather, pack, unpack } from '../../src/ml/tensor/ops/indexing.ts';
import * as l from '../../src/ml/tensor/ops/layout.ts';
import { crossEntropy, labelScores, subtractAtLabels } from '../../src/ml/tensor/ops/loss.ts';
import { matmul } from '../../src/ml/tensor/ops/matmul.ts';
import { layerNorm, logSoftmax, rmsNorm, softmax } from '../../src/ml/tensor/ops/normalization.ts';
import { draw, hashCombine, keepMask, keepMaskOfHalves, randomBits } from '../../src/ml/tensor/ops/random.ts';
import { reduceMax, reduceMean } from '../../src/ml/tensor/ops/reduction.ts';
import { largest } from '../../src/ml/tensor/ops/selection.ts';
import { constant, input } from '../../src/ml/tensor/ops/source.ts';
import { gradients } from '../../src/ml/autodiff/gradients.ts';
import type { Values } from './reference-evaluator.ts';

/** One use of an op: its inputs, how to fill them, and the node that is checked. */
export interface OpCase {
  readonly inputs: readonly CaseInput[];
  readonly build: (...inputs: readonly Node[]) => Node;
  /** The gradient is checked with respect to these inputs; the others have to have none. */
  readonly differentiable: readonly string[];
}

interface CaseInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly fill: (random: () => number, shape: readonly number[], sizes: Sizes) => readonly number[];
}

export type Sizes = Readonly<Record<'n' | 'm', number>>;

/**
 * For finite differences, for the reference evaluator, and for two threads, which share an op only where it
 * is large.
 */
export const smallSizes: Sizes = { n: 3, m: 4 };
export const middleSizes: Sizes = { n: 9, m: 21 };
export const largeSizes: Sizes = { n: 67, m: 130 };

export const nodesOf = ({
  inputs,
  build,
}: OpCase): { readonly inputs: readonly Node[]; readonly result: Node } => {
  const nodes = inputs.map(({ name, dtype, shape }) => input(name, dtype, shape));
  return { inputs: nodes, result: build(...nodes) };
};

/** Values for the inputs of a case: the same each time. Real numbers are float32's. */
export function feedsOf(
  { inputs }: OpCase,
  sizes: Sizes,
): Readonly<Record<string, Values & { readonly dtype: DType }>> {
  const random = generator(7);
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape, fill }) => {
      const concrete = shape.map((size) => sizeOf(size, sizes));
      const data = fill(random, concrete, sizes).map((value) =>
        dtype === 'float32' ? Math.fround(value) : value,
      );
      return [name, { dtype, shape: concrete, data }];
    }),
  );
}

const sizeOf = (size: Dimension, { n, m }: Sizes): number =>
  typeof size === 'number' ? size : ({ n, m, 'm*n': m * n, 'm+2': m + 2 }[size] ?? Number.NaN);

/** For each op at least one case. */
export const opCases: Readonly<Record<OpName, readonly OpCase[]>> = {
  Input: [real([['n', 3]], (x) => x)],
  Constant: [real([[2]], (x) => e.add(x, constant([0.1, -3])))],

  Reshape: [
    real([['n', 6]], (x) => l.reshape(x, ['n', 2, 3])),
    real([['n', 'm', 6]], (x) => l.reshape(x, ['n*m', 2, 3])),
    real(
      [
        ['m*n', 6],
        ['n', 'm'],
      ],
      (x, like) => e.multiply(l.reshape(x, ['n', 'm', 6]), l.reshape(like, ['n', 'm', 1])),
    ),
    real([['n', 'm']], (x) => l.reshape(x, ['m', 'n'])),
    real([[1, 1]], (x) => l.reshape(x, [])),
  ],
  Transpose: [
    real([['n', 'm', 5]], (x) => l.transpose(x, [2, 0, 1])),
    real([[2, 'n', 3, 'm']], (x) => l.transpose(x, [0, 2, 1, 3])),
  ],
  Expand: [
    real([['n', 1, 5], ['m']], (x, like) => e.add(l.expand(x, [2, 'n', 'm', 5]), l.reshape(like, ['m', 1]))),
    real([[]], (x) => l.expand(x, [3, 2])),
  ],
  ReduceSum: [
    real([['n', 'm', 5]], (x) => l.reduceSum(x, [1])),
    real([['n', 'm', 5]], (x) => l.reduceSum(x, [0, -1], true)),
    real([['n', 'm']], (x) => l.reduceSum(x)),
    real([['n', 'm']], (x) => l.reduceSum(x, [0])),
  ],
  Slice: [
    real([['n', 7]], (x) => l.slice(x, 1, 2, 3)),
    real([['m+2', 'n', 2], ['m']], (x, like) =>
      e.multiply(l.slice(x, 0, 1, 'm'), l.reshape(like, ['m', 1, 1])),
    ),
  ],
  Pad: [real([['n', 3]], (x) => l.pad(x, -1, 2, 1)), real([['n', 'm']], (x) => l.pad(x, 0, 'm', 0))],
  Concat: [
    real(
      [
        ['n', 'm', 2],
        ['n', 3, 2],
        ['n', 'm', 2],
      ],
      (a, b, c) => l.concat([a, b, c], 1),
    ),
    real([['n']], (a) => l.concat([a, a], 0)),
  ],

  Add: [...broadcasts(e.add), real([['n', 'm']], (x) => e.add(x, x)), integers(e.add)],
  Subtract: [...broadcasts(e.subtract), real([['n']], (x) => e.subtract(1, x))],
  Multiply: [...broadcasts(e.multiply), real([['n', 'm']], (x) => e.multiply(x, x)), integers(e.multiply)],
  Divide: [
    real([['n', 'm'], ['m']], (x, y) => e.divide(x, e.add(e.square(y), 0.5))),
    real([['n', 'm']], (x) => e.divide(2, e.add(e.square(x), 0.5))),
    integers((x, y) => e.divide(x, e.add(e.multiply(y, 2), 1))),
  ],
  Maximum: [...broadcasts(e.maximum), real([['n', 'm']], (x) => e.maximum(x, 0.1))],
  Equal: [{ ...integers(e.equal) }, without(real([['n', 'm']], (x) => e.equal(x, x)))],
  Less: [{ ...integers(e.less) }, without(real([['n', 'm'], ['m']], e.less))],
  Where: [
    {
      inputs: [flags('condition', ['n', 'm']), reals('yes', ['n', 1]), reals('no', ['m'])],
      build: (condition = missing, yes = missing, no = missing) => e.where(condition, yes, no),
      differentiable: ['yes', 'no'],
    },
    {
      inputs: [flags('condition', ['m']), reals('yes', ['n', 1])],
      build: (condition = missing, yes = missing) => e.where(condition, yes, -1),
      differentiable: ['yes'],
    },
  ],
  Negate: [real([['n', 'm']], e.negate)],
  Exp: [real([['n', 'm']], e.exp)],
  Log: [real([['n', 'm']], (x) => e.log(x), 0.1, 4)],
  Sqrt: [real([['n', 'm']], (x) => e.sqrt(x), 0.1, 4)],
  Tanh: [real([['n', 'm']], e.tanh)],
  Sigmoid: [real([['n', 'm']], e.sigmoid)],
  Erf: [real([['n', 'm']], e.erf, -4, 4)],
  Relu: [real([['n', 'm']], e.relu)],
  Square: [real([['n', 'm']], e.square)],
  Reciprocal: [real([['n', 'm']], (x) => e.reciprocal(x), 0.3, 4)],
  Cast: [
    {
      inputs: [whole('x', ['n', 'm'], -9, 9)],
      build: (x = missing) => e.multiply(e.cast(x, 'float32'), 0.5),
      differentiable: [],
    },
    without(real([['n', 'm']], (x) => e.cast(e.multiply(x, 3), 'int32'))),
    { inputs: [flags('x', ['n', 'm'])], build: (x = missing) => e.cast(x, 'float32'), differentiable: [] },
    { inputs: [whole('x', ['n', 'm'], 0, 5)], build: (x = missing) => e.oneHot(x, 4), differentiable: [] },
  ],
  StopGradient: [
    without(real([['n', 'm']], e.stopGradient)),
    real([['n', 'm']], (x) => e.multiply(x, e.stopGradient(constant([2], [1])))),
  ],

  ReduceMean: [
    real([['n', 'm', 5]], (x) => reduceMean(x, [1])),
    real([['n', 'm', 5]], (x) => reduceMean(x, [-1], true)),
    real([['n', 'm']], (x) => reduceMean(x)),
  ],
  ReduceMax: [
    real([['n', 'm', 5]], (x) => reduceMax(x, [2])),
    real([['n', 'm', 5]], (x) => reduceMax(x, [0, 1], true)),
  ],

  // Whole numbers, of which many are equal.
  LargestValues: [selection(({ values }) => values)],
  LargestPlaces: [selection(({ places }) => places)],

  MatMul: [
    real(
      [
        ['n', 5],
        [5, 'm'],
      ],
      (a, b) => matmul(a, b),
    ),
    real(
      [
        ['n', 5],
        ['m', 5],
      ],
      (a, b) => matmul(a, b, { transposeB: true, scale: 0.3 }),
    ),
    real(
      [
        [5, 'n'],
        [5, 'm'],
      ],
      (a, b) => matmul(a, b, { transposeA: true }),
    ),
    real(
      [
        [5, 'n'],
        ['m', 5],
      ],
      (a, b) => matmul(a, b, { transposeA: true, transposeB: true, scale: 2 }),
    ),
    real(
      [
        ['n', 2, 'm', 5],
        ['n', 2, 5, 'm'],
      ],
      (a, b) => matmul(a, b),
    ),
    real(
      [
        ['n', 2, 'm', 5],
        [1, 2, 'm', 5],
      ],
      (a, b) => matmul(a, b, { transposeB: true }),
    ),
    real(
      [
        ['n', 'm', 5],
        [4, 5],
      ],
      (a, b) => matmul(a, b, { transposeB: true }),
    ),
    real(
      [
        ['n', 5, 'm'],
        [5, 4],
      ],
      (a, b) => matmul(a, b, { transposeA: true }),
    ),
    real(
      [
        [5, 4],
        ['n', 4, 'm'],
      ],
      (a, b) => matmul(a, b),
    ),
    real(
      [
        ['n', 3, 5],
        ['m', 3, 5],
      ],
      (a, b) => matmul(a, b, { transposeB: true, rowsFirstA: true, rowsFirstB: true, scale: 0.3 }),
    ),
    real(
      [
        [5, 'n', 'm'],
        ['n', 5, 2],
      ],
      (a, b) => matmul(a, b, { transposeA: true, rowsFirstA: true }),
    ),
    real(
      [
        ['n', 5, 'm'],
        [2, 'n', 5],
      ],
      (a, b) => matmul(a, b, { transposeA: true, transposeB: true, rowsFirstB: true }),
    ),
  ],

  Softmax: [real([['n', 'm']], softmax), real([[2, 'n', 5]], softmax)],
  LogSoftmax: [real([['n', 'm']], logSoftmax)],
  RmsNorm: [real([['n', 'm', 6], [6]], (x, weight) => rmsNorm(x, weight, 1e-2))],
  // No builder gives it away: it is what the gradient of RmsNorm is made with.
  InverseRms: [
    real(
      [['n', 6], [6]],
      (x, weight) => firstOf('InverseRms', gradientNode(rmsNorm(x, weight, 1e-2), x)),
      -2,
      2,
      ['x0'],
    ),
  ],
  LayerNorm: [real([['n', 'm', 6], [6], [6]], (x, weight, bias) => layerNorm(x, weight, bias, 1e-2))],
  GeluTanh: [real([['n', 'm']], geluTanh, -4, 4)],
  GeluErf: [real([['n', 'm']], geluErf, -4, 4)],

  Gather: [
    {
      inputs: [reals('table', [4, 3]), repeated('indices', ['n', 'm'], 4)],
      build: (table = missing, indices = missing) => gather(table, indices),
      differentiable: [],
    },
    {
      inputs: [reals('table', ['m', 'n', 2]), repeated('indices', ['n'], 3)],
      build: (table = missing, indices = missing) => gather(table, indices),
      differentiable: [],
    },
    {
      inputs: [reals('table', ['m']), repeated('indices', [], 3)],
      build: (table = missing, indices = missing) => gather(table, indices),
      differentiable: [],
    },
  ],
  Pack: [packed((x, packing) => pack(x, packing), 'm', 3), packed((x, packing) => pack(x, packing), 'm')],
  Unpack: [
    packed((x, packing) => unpack(x, packing), 'n', 3),
    packed((x, packing) => unpack(x, packing), 'n', 2, 2),
    packed(
      (x, packing) =>
        e.multiply(unpack(x, packing, 'some token'), l.reshape(e.stopGradient(packing.slotMask), ['m', 1])),
      'n',
      3,
    ),
  ],
  CrossEntropy: [
    {
      inputs: [reals('logits', ['n', 'm']), labels()],
      build: (logits = missing, of = missing) => crossEntropy(logits, of),
      differentiable: ['logits'],
    },
  ],
  SubtractOneHot: [
    {
      inputs: [reals('logits', ['n', 'm']), labels()],
      build: (logits = missing, of = missing) =>
        firstOf('SubtractOneHot', gradientNode(crossEntropy(logits, of), logits)),
      differentiable: ['logits'],
    },
  ],
  LabelScores: [
    {
      inputs: [reals('scores', [5, 'n']), labels()],
      build: (scores = missing, of = missing) => labelScores(scores, of, 1),
      differentiable: ['scores'],
    },
  ],
  SubtractAtLabels: [
    {
      inputs: [reals('scores', [2, 'n']), reals('values', ['n']), labels()],
      build: (scores = missing, values = missing, of = missing) => subtractAtLabels(scores, values, of, 1),
      differentiable: ['scores', 'values'],
    },
  ],

  HashCombine: [
    integers(hashCombine),
    integers((x, y) => randomBits(x, [y, constant([0, 1, 2 ** 31 - 1, -1], [4, 1, 1], 'int32')])),
  ],
  Draw: [
    integers(draw),
    integers((x, y) => draw(hashCombine(x, y), constant([0, 1, 2 ** 31 - 1, -1], [4, 1, 1], 'int32'))),
  ],
  KeepMaskOfHalves: [
    integers((x, y) => keepMaskOfHalves(hashCombine(x, y), 0.3, 1)),
    integers((x, y) => keepMaskOfHalves(hashCombine(x, y), 0, 0)),
  ],
  KeepMask: [
    integers((x, y) => keepMask(hashCombine(x, y), 0.3)),
    integers((x, y) => keepMask(hashCombine(x, y), 0)),
  ],
};

/**
 * Inputs x0, x1 … of real numbers, by default between -2 and 2; differentiable in all of them if no others
 * are named.
 */
function real(
  shapesOf: readonly Shape[],
  build: (...x: readonly [Node, Node, Node]) => Node,
  low = -2,
  high = 2,
  differentiable?: readonly string[],
): OpCase {
  const inputs = shapesOf.map((shape, i) => reals(`x${i}`, shape, low, high));
  return {
    inputs,
    build: (a = missing, b = missing, c = missing) => build(a, b, c),
    differentiable: differentiable ?? inputs.map(({ name }) => name),
  };
}

function broadcasts(build: (left: Node, right: Node) => Node): readonly OpCase[] {
  const pairs: readonly (readonly [Shape, Shape])[] = [
    [
      ['n', 'm'],
      ['n', 'm'],
    ],
    [['n', 'm'], ['m']],
    [
      ['n', 1],
      [1, 'm'],
    ],
    [['m'], [2, 'n', 1]],
    [[], ['n', 3]],
  ];
  return pairs.map((pair) => real(pair, build));
}

/** Two inputs of whole numbers, some large: what hashes are made of. */
function integers(build: (left: Node, right: Node) => Node): OpCase {
  return {
    inputs: [whole('x', ['n', 1], -9, 9), whole('y', ['m'], 0, 9)],
    build: (x = missing, y = missing) => build(x, y),
    differentiable: [],
  };
}

function packed(
  build: (
    x: Node,
    packing: { readonly tokenSlots: Node; readonly slotTokens: Node; readonly slotMask: Node },
  ) => Node,
  rows: Dimension,
  ...rest: readonly number[]
): OpCase {
  return {
    inputs: [
      reals('x', [rows, ...rest]),
      { name: 'tokenSlots', dtype: 'int32', shape: ['n'], fill: (_, __, { n, m }) => tokenSlots(n, m) },
      {
        name: 'slotTokens',
        dtype: 'int32',
        shape: ['m'],
        fill: (_, __, { n, m }) => slots(m).map((slot) => Math.max(0, tokenSlots(n, m).indexOf(slot))),
      },
      {
        name: 'slotMask',
        dtype: 'float32',
        shape: ['m'],
        fill: (_, __, { n, m }) => slots(m).map((slot) => Number(tokenSlots(n, m).includes(slot))),
      },
    ],
    build: (x = missing, tokens = missing, back = missing, mask = missing) =>
      build(x, { tokenSlots: tokens, slotTokens: back, slotMask: mask }),
    differentiable: ['x'],
  };
}

const slots = (m: number): readonly number[] => Array.from({ length: m }, (_, slot) => slot);
/** n of the m slots, the first of them padding. */
const tokenSlots = (n: number, m: number): readonly number[] =>
  Array.from({ length: n }, (_, token) => token + m - n);

function selection(pick: (of: ReturnType<typeof largest>) => Node): OpCase {
  return {
    inputs: [whole('x', ['n', 'm'], -9, 9)],
    build: (x = missing) => pick(largest(e.cast(x, 'float32'), 4)),
    differentiable: [],
  };
}

/** The same case where no input has a gradient. */
function without(opCase: OpCase): OpCase {
  return { ...opCase, differentiable: [] };
}

function reals(name: string, shape: Shape, low = -2, high = 2): CaseInput {
  return {
    name,
    dtype: 'float32',
    shape,
    fill: (random, concrete) => filled(concrete, () => low + random() * (high - low)),
  };
}

function whole(name: string, shape: Shape, low: number, high: number): CaseInput {
  return {
    name,
    dtype: 'int32',
    shape,
    fill: (random, concrete) => filled(concrete, () => Math.floor(low + random() * (high - low))),
  };
}

function flags(name: string, shape: Shape): CaseInput {
  return {
    name,
    dtype: 'bool',
    shape,
    fill: (random, concrete) => filled(concrete, () => Number(random() < 0.5)),
  };
}

/** Indices below a limit, each of which comes many times. */
function repeated(name: string, shape: Shape, limit: number): CaseInput {
  return whole(name, shape, 0, limit);
}

/** One label in three is ignored. */
function labels(): CaseInput {
  return {
    name: 'labels',
    dtype: 'int32',
    shape: ['n'],
    fill: (random, [n = 0], { m }) => filled([n], (i) => (i % 3 === 1 ? -100 : Math.floor(random() * m))),
  };
}

function filled(shape: readonly number[], value: (i: number) => number): readonly number[] {
  return Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => value(i));
}

function gradientNode(of: Node, to: Node): Node {
  const [gradient] = gradients(l.reduceSum(of), [to]);
  return gradient ?? missing;
}

/** The first node of an op that a node is made from. */
function firstOf(op: string, node: Node): Node {
  if (node.op === op) return node;
  for (const from of node.inputs) {
    const found = firstOf(op, from);
    if (found.op === op) return found;
  }
  return missing;
}

const missing: Node = { op: 'Input', inputs: [], attributes: {}, dtype: 'float32', shape: [] };

/** Uniform numbers in [0, 1): mulberry32 (Tommy Ettinger). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
