import { elementCount } from '../../../ml/element-count.ts';
import { gradients } from '../../../ml/autodiff/gradients.ts';
import { hashOfText, uniformValues } from '../../../ml/model/random-values.ts';
import type { HostValue, Values } from '../../../ml/runtime/runtime.ts';
import { textAt } from '../../../ml/tensor/attribute.ts';
import type { Graph, Node } from '../../../ml/tensor/node.ts';
import { geluErf, geluTanh } from '../../../ml/tensor/ops/activation.ts';
import { multiply } from '../../../ml/tensor/ops/elementwise.ts';
import { gather, pack, unpack } from '../../../ml/tensor/ops/indexing.ts';
import { reduceSum } from '../../../ml/tensor/ops/layout.ts';
import { crossEntropy, ignoredLabel, labelScores, subtractAtLabels } from '../../../ml/tensor/ops/loss.ts';
import { matmul } from '../../../ml/tensor/ops/matmul.ts';
import { layerNorm, logSoftmax, rmsNorm, softmax } from '../../../ml/tensor/ops/normalization.ts';
import { draw, hashCombine, keepMask, keepMaskOfHalves } from '../../../ml/tensor/ops/random.ts';
import { reduceMax, reduceMean } from '../../../ml/tensor/ops/reduction.ts';
import { input } from '../../../ml/tensor/ops/source.ts';

/** An op with its gradients, to be computed by two engines from the same feeds. */
export interface OpCheck extends Graph {
  readonly feeds: Values;
  /** Whether every bit counts, as of masks. */
  readonly isExact: boolean;
}

/** The ops that a training computes with, at sizes at which a GPU takes its usual ways. */
export const opChecks: Readonly<Record<string, () => OpCheck>> = {
  matmul: () => of((a, b) => matmul(a, b), [real('a', 96, 512), real('b', 512, 130)]),
  'matmul, b transposed': () =>
    of((a, b) => matmul(a, b, { transposeB: true, scale: 0.125 }), [real('a', 96, 512), real('b', 130, 512)]),
  'matmul, a transposed': () =>
    of((a, b) => matmul(a, b, { transposeA: true }), [real('a', 512, 96), real('b', 512, 130)]),
  'matmul of attention': () =>
    of((a, b) => matmul(a, b, { transposeB: true }), [real('a', 3, 6, 65, 64), real('b', 3, 6, 70, 64)]),
  softmax: () => of(softmax, [real('x', 3, 6, 65, 70)]),
  'log softmax': () => of(logSoftmax, [real('x', 40, 4096)]),
  'RMS norm': () => of((x, weight) => rmsNorm(x, weight, 1e-6), [real('x', 130, 512), real('weight', 512)]),
  'layer norm': () =>
    of(
      (x, weight, bias) => layerNorm(x, weight, bias, 1e-6),
      [real('x', 130, 512), real('weight', 512), real('bias', 512)],
    ),
  gather: () => of(gather, [frozen(real('table', 100, 512)), whole('indices', [130], 100)]),
  pack: () =>
    of(
      (x, tokenSlots, slotTokens, slotMask) => pack(x, { tokenSlots, slotTokens, slotMask }),
      [real('x', slotCount, 64), ...packing()],
    ),
  unpack: () =>
    of(
      (x, tokenSlots, slotTokens, slotMask) => unpack(x, { tokenSlots, slotTokens, slotMask }),
      [real('x', tokenCount, 64), ...packing()],
    ),
  'cross entropy': () => of(crossEntropy, [real('logits', 40, 4096), labels(40, 4096)]),
  'scores of labels in a block': () =>
    of((x, ids) => labelScores(x, ids, 1024), [real('scores', 2048, 40), labels(40, 4096)]),
  'gradient at labels in a block': () =>
    of(
      (x, values, ids) => subtractAtLabels(x, values, ids, 1024),
      [real('scores', 2048, 40), real('values', 40), labels(40, 4096)],
    ),
  'GELU (tanh)': () => of(geluTanh, [real('x', 130, 512)]),
  'GELU (erf)': () => of(geluErf, [real('x', 130, 512)]),
  sum: () => of((x) => reduceSum(x, [1]), [real('x', 130, 512)]),
  mean: () => of((x) => reduceMean(x), [real('x', 130, 512)]),
  largest: () => of((x) => reduceMax(x, [1]), [real('x', 130, 512)]),
  'dropout masks': () => exact((rows, columns) => keepMaskOfHalves(bits(rows, columns), 0.1, 1)),
  'dropout masks of an odd size': () => exact((rows, columns) => keepMask(bits(rows, columns), 0.1)),
};

/** The inputs of an op. */
interface Fed {
  readonly node: Node;
  readonly value: HostValue;
  readonly isDifferentiable: boolean;
}

/** The op, and the gradient of a weighted sum of its elements with respect to each input that has one. */
function of(build: (...inputs: readonly [Node, Node, Node, Node]) => Node, inputs: readonly Fed[]): OpCheck {
  const result = buildWith(build, inputs);
  const shape = result.shape.flatMap((size) => (typeof size === 'number' ? [size] : []));
  const upstream = real('upstream', ...shape);
  const wanted = inputs.flatMap(({ node, isDifferentiable }) => (isDifferentiable ? [node] : []));
  const found = gradients(reduceSum(multiply(result, upstream.node)), wanted);
  const outputs: Record<string, Node> = { result };
  for (const [index, node] of wanted.entries()) {
    const gradient = found[index];
    if (gradient !== undefined) outputs[`gradient of ${nameOf(node)}`] = gradient;
  }
  const isWeighted = Object.keys(outputs).length > 1;
  return { outputs, feeds: feedsOf(isWeighted ? [...inputs, upstream] : inputs), isExact: false };
}

function exact(build: (rows: Node, columns: Node) => Node): OpCheck {
  const inputs = [whole('rows', [65, 1], 2 ** 31 - 1), whole('columns', [130], 2 ** 31 - 1)];
  return { outputs: { result: buildWith(build, inputs) }, feeds: feedsOf(inputs), isExact: true };
}

/** As the masks of a training are drawn: rows and columns are hashed, then each pair. */
const bits = (rows: Node, columns: Node): Node =>
  draw(hashCombine(rows, rows), hashCombine(columns, columns));

function buildWith(
  build: (...inputs: readonly [Node, Node, Node, Node]) => Node,
  inputs: readonly Fed[],
): Node {
  const nodes = inputs.map(({ node }) => node);
  const [first] = nodes;
  if (first === undefined) throw new Error('an op is checked with an input');
  const [a = first, b = first, c = first, d = first] = nodes;
  return build(a, b, c, d);
}

const nameOf = ({ attributes }: Node): string => textAt(attributes, 'name');

const feedsOf = (inputs: readonly Fed[]): Values =>
  Object.fromEntries(inputs.map(({ node, value }) => [nameOf(node), value]));

/** Numbers between -2 and 2, the same each time. */
function real(name: string, ...shape: readonly number[]): Fed {
  const data = uniformValues(elementCount(shape), 2, 11, name);
  return {
    node: input(name, 'float32', shape),
    value: { dtype: 'float32', shape, data },
    isDifferentiable: true,
  };
}

const frozen = (fed: Fed): Fed => ({ ...fed, isDifferentiable: false });

/** Whole numbers from 0 to `limit`, which repeat where it is small. */
function whole(name: string, shape: readonly number[], limit: number): Fed {
  const data = Int32Array.from(
    { length: elementCount(shape) },
    (_, place) => (hashOfText(`${name} ${place}`) >>> 0) % limit,
  );
  return integers(name, shape, data);
}

const integers = (name: string, shape: readonly number[], data: Int32Array): Fed => ({
  node: input(name, 'int32', shape),
  value: { dtype: 'int32', shape, data },
  isDifferentiable: false,
});

/** One label in three is ignored. */
function labels(rows: number, classes: number): Fed {
  const data = Int32Array.from({ length: rows }, (_, row) =>
    row % 3 === 1 ? ignoredLabel : (row * 613) % classes,
  );
  return integers('labels', [rows], data);
}

const slotCount = 150;
const tokenCount = 100;

/** Of every three slots the last is padding. */
function packing(): readonly [Fed, Fed, Fed] {
  const slots = Array.from({ length: slotCount }, (_, slot) => slot);
  const tokenSlots = slots.filter((slot) => slot % 3 !== 2);
  const mask = Float32Array.from(slots, (slot) => Number(slot % 3 !== 2));
  return [
    integers('tokenSlots', [tokenCount], Int32Array.from(tokenSlots)),
    integers(
      'slotTokens',
      [slotCount],
      Int32Array.from(slots, (slot) => Math.max(0, tokenSlots.indexOf(slot))),
    ),
    {
      node: input('slotMask', 'float32', [slotCount]),
      value: { dtype: 'float32', shape: [slotCount], data: mask },
      isDifferentiable: false,
    },
  ];
}
