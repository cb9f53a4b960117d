import { dimensionAt, flagAt, numberAt, numbersAt, textAt } from '../../src/ml/tensor/attribute.ts';
import { evaluate } from '../../src/ml/tensor/dimension.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { drawOf, hashCombineOf, keepMaskOf, keepMaskOfHalf } from '../../src/ml/tensor/ops/random.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';

/** A tensor of float64: integers and truth values too. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/**
 * What a graph computes, in float64 and one element at a time: each op written down from its definition, with
 * indices and nothing clever. It is what the runtimes and the gradients are checked against.
 */
export function evaluateNodes(
  roots: readonly Node[],
  feeds: Readonly<Record<string, Values>>,
): readonly Values[] {
  const sizes = new Map<string, number>();
  const nodes = inputsFirst(roots);
  for (const node of nodes) {
    if (node.op !== 'Input') continue;
    const fed = feeds[textAt(node.attributes, 'name')];
    node.shape.forEach(
      (size, axis) =>
        typeof size === 'string' && /^\w+$/.test(size) && sizes.set(size, at(fed?.shape ?? [], axis)),
    );
  }
  const values = new Map<Node, Values>();
  const valueOf = (node: Node): Values => values.get(node) ?? fail(`${node.op} has no value`);
  for (const node of nodes) {
    const value = evaluateOp(node, node.inputs.map(valueOf), feeds, sizes);
    const expected = node.shape.map((size) => evaluate(size, sizes));
    if (value.shape.join() !== expected.join() || value.data.length !== product(expected))
      fail(`${node.op} gave [${value.shape.join()}], its type says [${expected.join()}]`);
    values.set(node, value);
  }
  return roots.map(valueOf);
}

function evaluateOp(
  node: Node,
  of: readonly Values[],
  feeds: Readonly<Record<string, Values>>,
  sizes: ReadonlyMap<string, number>,
): Values {
  const { attributes } = node;
  const [x = none, y = none, z = none, mask = none] = of;
  const shape = node.shape.map((size) => evaluate(size, sizes));
  const last = shape.length - 1;
  const size = (name: string): number => evaluate(dimensionAt(attributes, name), sizes);
  switch (node.op) {
    case 'Input':
      return feeds[textAt(attributes, 'name')] ?? fail(`${textAt(attributes, 'name')} is not fed`);
    case 'Constant':
      return {
        shape,
        data: numbersAt(attributes, 'values').map((value) =>
          node.dtype === 'float32' ? Math.fround(value) : value,
        ),
      };

    case 'Add':
      return elementwise(shape, of, (a, b) => (node.dtype === 'int32' ? (a + b) | 0 : a + b));
    case 'Subtract':
      return elementwise(shape, of, (a, b) => a - b);
    case 'Multiply':
      return elementwise(shape, of, (a, b) => (node.dtype === 'int32' ? Math.imul(a, b) : a * b));
    case 'Divide':
      return elementwise(shape, of, (a, b) => (node.dtype === 'int32' ? Math.trunc(a / b) : a / b));
    case 'Maximum':
      return elementwise(shape, of, (a, b) => Math.max(a, b));
    case 'Equal':
      return elementwise(shape, of, (a, b) => Number(a === b));
    case 'Less':
      return elementwise(shape, of, (a, b) => Number(a < b));
    case 'Where':
      return elementwise(shape, of, (condition, yes, no) => (condition === 0 ? no : yes));
    case 'Negate':
      return elementwise(shape, of, (a) => -a);
    case 'Exp':
      return elementwise(shape, of, Math.exp);
    case 'Log':
      return elementwise(shape, of, Math.log);
    case 'Sqrt':
      return elementwise(shape, of, Math.sqrt);
    case 'Tanh':
      return elementwise(shape, of, Math.tanh);
    case 'Sigmoid':
      return elementwise(shape, of, (a) => 1 / (1 + Math.exp(-a)));
    case 'Erf':
      return elementwise(shape, of, erf);
    case 'Relu':
      return elementwise(shape, of, (a) => Math.max(a, 0));
    case 'Square':
      return elementwise(shape, of, (a) => a * a);
    case 'Reciprocal':
      return elementwise(shape, of, (a) => 1 / a);
    case 'Cast':
      return elementwise(shape, of, (a) =>
        node.dtype === 'int32'
          ? Math.trunc(a) | 0
          : node.dtype === 'uint32'
            ? Math.trunc(a) >>> 0
            : node.dtype === 'bool'
              ? Number(a !== 0)
              : a,
      );
    case 'StopGradient':
      return x;
    case 'HashCombine':
      return elementwise(shape, of, (state, coordinate) => hashCombineOf(state, coordinate) >>> 0);
    case 'KeepMask':
      return elementwise(shape, of, (bits) => keepMaskOf(bits, numberAt(attributes, 'probability')));
    case 'Draw':
      return elementwise(shape, of, (state, coordinate) => drawOf(state, coordinate) >>> 0);
    case 'KeepMaskOfHalves': {
      const axis = numberAt(attributes, 'axis');
      const draws = at(x.shape, axis);
      return fill(shape, (index) => {
        const place = at(index, axis);
        const bits = read(x, index.with(axis, place % draws));
        return keepMaskOfHalf(bits, place < draws ? 'upper' : 'lower', numberAt(attributes, 'probability'));
      });
    }
    case 'GeluTanh':
      return elementwise(
        shape,
        of,
        (a) => 0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3))),
      );
    case 'GeluErf':
      return elementwise(shape, of, (a) => 0.5 * a * (1 + erf(a / Math.SQRT2)));

    case 'Reshape':
      return { shape, data: x.data };
    case 'Transpose': {
      const permutation = numbersAt(attributes, 'permutation');
      return fill(shape, (index) =>
        read(
          x,
          x.shape.map((_, axis) => at(index, permutation.indexOf(axis))),
        ),
      );
    }
    case 'Expand':
      return elementwise(shape, of, (a) => a);
    case 'Slice':
      return fill(shape, (index) =>
        read(
          x,
          index.with(numberAt(attributes, 'axis'), at(index, numberAt(attributes, 'axis')) + size('start')),
        ),
      );
    case 'Pad':
      return fill(shape, (index) => {
        const axis = numberAt(attributes, 'axis');
        const from = at(index, axis) - size('before');
        return from >= 0 && from < at(x.shape, axis) ? read(x, index.with(axis, from)) : 0;
      });
    case 'Concat':
      return fill(shape, (index) => {
        const axis = numberAt(attributes, 'axis');
        let from = at(index, axis);
        for (const part of of) {
          if (from < at(part.shape, axis)) return read(part, index.with(axis, from));
          from -= at(part.shape, axis);
        }
        return fail('beyond the last part');
      });
    case 'ReduceSum':
      return reduce(node, x, shape, (values) => sum(values));
    case 'ReduceMean':
      return reduce(node, x, shape, (values) => sum(values) / values.length);
    case 'ReduceMax':
      return reduce(node, x, shape, (values) => Math.max(...values));

    case 'LargestValues':
    case 'LargestPlaces': {
      return fill(shape, (index) => {
        const row = Array.from({ length: at(x.shape, -1) }, (_, place) =>
          read(x, [...index.slice(0, -1), place]),
        );
        const places = row.map((_, place) => place).sort((a, b) => at(row, b) - at(row, a) || a - b);
        const place = at(places, at(index, -1));
        return node.op === 'LargestPlaces' ? place : at(row, place);
      });
    }

    case 'MatMul': {
      const [transposeA, transposeB] = [flagAt(attributes, 'transposeA'), flagAt(attributes, 'transposeB')];
      const ordered = (flag: string, [first = 0, second = 0, ...rest]: readonly number[]): number[] =>
        flagAt(attributes, flag) ? [second, first, ...rest] : [first, second, ...rest];
      const inner = at(ordered('rowsFirstA', x.shape), transposeA ? -2 : -1);
      return fill(shape, (index) => {
        const [batch, row, column] = [index.slice(0, -2), at(index, -2), at(index, -1)];
        const terms = Array.from(
          { length: inner },
          (_, k) =>
            readBroadcast(x, ordered('rowsFirstA', [...batch, ...(transposeA ? [k, row] : [row, k])])) *
            readBroadcast(y, ordered('rowsFirstB', [...batch, ...(transposeB ? [column, k] : [k, column])])),
        );
        return numberAt(attributes, 'scale') * sum(terms);
      });
    }
    case 'Softmax':
      return rowwise(x, (row) =>
        row.map(
          (value) =>
            Math.exp(value - Math.max(...row)) / sum(row.map((each) => Math.exp(each - Math.max(...row)))),
        ),
      );
    case 'LogSoftmax':
      return rowwise(x, (row) =>
        row.map(
          (value) =>
            value - Math.max(...row) - Math.log(sum(row.map((each) => Math.exp(each - Math.max(...row))))),
        ),
      );
    case 'RmsNorm':
      return rowwise(x, (row) =>
        row.map(
          (value, i) =>
            (value /
              Math.sqrt(sum(row.map((each) => each ** 2)) / row.length + numberAt(attributes, 'epsilon'))) *
            at(y.data, i),
        ),
      );
    case 'InverseRms':
      return rowwise(x, (row) => [
        1 / Math.sqrt(sum(row.map((each) => each ** 2)) / row.length + numberAt(attributes, 'epsilon')),
      ]);
    case 'LayerNorm':
      return rowwise(x, (row) => {
        const mean = sum(row) / row.length;
        const variance = sum(row.map((each) => (each - mean) ** 2)) / row.length;
        return row.map(
          (value, i) =>
            ((value - mean) / Math.sqrt(variance + numberAt(attributes, 'epsilon'))) * at(y.data, i) +
            at(z.data, i),
        );
      });
    case 'Gather':
      return fill(shape, (index) =>
        read(x, [read(y, index.slice(0, y.shape.length)), ...index.slice(y.shape.length)]),
      );
    case 'Pack':
      return fill(shape, ([token = 0, ...rest]) => read(x, [at(y.data, token), ...rest]));
    case 'Unpack':
      return fill(shape, ([slot = 0, ...rest]) =>
        flagAt(attributes, 'zeros') && at(mask.data, slot) === 0 ? 0 : read(x, [at(z.data, slot), ...rest]),
      );
    case 'CrossEntropy':
      return fill(shape, ([row = 0]) => {
        const logits = x.data.slice(row * at(x.shape, 1), (row + 1) * at(x.shape, 1));
        return at(y.data, row) === -100
          ? 0
          : Math.log(sum(logits.map((value) => Math.exp(value - at(logits, at(y.data, row))))));
      });
    case 'SubtractOneHot':
      return fill(
        shape,
        (index) => read(x, index) - Number(at(index, last) === Math.max(0, at(y.data, at(index, 0)))),
      );
    case 'LabelScores':
      return fill(shape, ([column = 0]) => {
        const place = at(y.data, column) - numberAt(attributes, 'first');
        return place >= 0 && place < at(x.shape, 0) ? read(x, [place, column]) : 0;
      });
    case 'SubtractAtLabels':
      return fill(shape, ([place = 0, column = 0]) => {
        const isLabel = at(z.data, column) - numberAt(attributes, 'first') === place;
        return read(x, [place, column]) - (isLabel ? at(y.data, column) : 0);
      });
    default:
      return fail(`the reference evaluator has no op "${node.op}"`);
  }
}

const none: Values = { shape: [], data: [] };

/** Every index of a shape, in row-major order, and what `element` makes of it. */
function fill(shape: readonly number[], element: (index: readonly number[]) => number): Values {
  const data = Array.from({ length: product(shape) }, (_, flat) => element(indexOf(shape, flat)));
  return { shape, data };
}

function indexOf(shape: readonly number[], flat: number): readonly number[] {
  const index: number[] = [];
  for (const size of shape.toReversed()) {
    index.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return index;
}

const read = ({ shape, data }: Values, index: readonly number[]): number =>
  at(
    data,
    shape.reduce((flat, size, axis) => flat * size + at(index, axis), 0),
  );

/** The element that broadcasts to an index of at least its rank. */
const readBroadcast = (x: Values, index: readonly number[]): number =>
  read(
    x,
    x.shape.map((size, axis) => (size === 1 ? 0 : at(index, index.length - x.shape.length + axis))),
  );

const elementwise = (
  shape: readonly number[],
  of: readonly Values[],
  element: (a: number, b: number, c: number) => number,
): Values =>
  fill(shape, (index) => {
    const [a = 0, b = 0, c = 0] = of.map((x) => readBroadcast(x, index));
    return element(a, b, c);
  });

/** Applies a function to every row along the last axis. */
function rowwise({ shape, data }: Values, ofRow: (row: readonly number[]) => readonly number[]): Values {
  const width = at(shape, -1);
  const rows = Array.from({ length: data.length / width }, (_, row) =>
    ofRow(data.slice(row * width, (row + 1) * width)),
  );
  return { shape: shape.with(shape.length - 1, rows[0]?.length ?? 0), data: rows.flat() };
}

function reduce(
  node: Node,
  x: Values,
  shape: readonly number[],
  ofValues: (values: readonly number[]) => number,
): Values {
  const axes = numbersAt(node.attributes, 'axes');
  const groups = new Map<number, number[]>();
  x.data.forEach((value, flat) => {
    const key = indexOf(x.shape, flat).reduce(
      (whole, i, axis) => (axes.includes(axis) ? whole : whole * at(x.shape, axis) + i),
      0,
    );
    groups.set(key, [...(groups.get(key) ?? []), value]);
  });
  return { shape, data: [...groups].sort(([a], [b]) => a - b).map(([, values]) => ofValues(values)) };
}

/** By its Taylor series, and by the continued fraction of its complement where that would cancel. */
function erf(x: number): number {
  if (Math.abs(x) > 3) {
    let fraction = 0;
    for (let k = 60; k >= 1; k -= 1) fraction = k / 2 / (Math.abs(x) + fraction);
    return Math.sign(x) * (1 - Math.exp(-x * x) / ((Math.abs(x) + fraction) * Math.sqrt(Math.PI)));
  }
  let [term, total] = [x, x];
  for (let n = 1; n < 100; n += 1) {
    term *= -(x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const product = (list: readonly number[]): number => list.reduce((whole, each) => whole * each, 1);
const sum = (list: readonly number[]): number => list.reduce((whole, each) => whole + each, 0);
const at = <T>(list: readonly T[], index: number): T =>
  list.at(index) ?? fail(`there is no element ${index} of ${list.length}`);

function fail(because: string): never {
  throw new Error(because);
}
