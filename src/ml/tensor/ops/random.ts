import { numberAt } from '../attribute.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, type ShapeRule } from '../rule.ts';
import { sumOf } from '../dimension.ts';
import { broadcast, nodeOf, refuse, requireDType, sizeOf, type TensorType } from '../shape.ts';
import { concatenated, scalar, typed } from '../tensorflow-operator.ts';

/**
 * Random bits as a function of their place: the same seed, step, site, row and position give the same bits in
 * the graph and in TypeScript, on every runtime, for any padding and after any resume.
 */
export const shapes = {
  HashCombine: (of) => mixed('HashCombine', of),
  Draw: (of) => mixed('Draw', of),
  KeepMask: (of) => {
    const [bits] = exactly('KeepMask', of, 1);
    requireDType('KeepMask', of, bits, 'uint32');
    return { dtype: 'float32', shape: bits.shape };
  },
  KeepMaskOfHalves: (of, attributes) => {
    const [bits] = exactly('KeepMaskOfHalves', of, 1);
    requireDType('KeepMaskOfHalves', of, bits, 'uint32');
    const axis = numberAt(attributes, 'axis');
    return {
      dtype: 'float32',
      shape: bits.shape.with(axis, sumOf([sizeOf(bits, axis), sizeOf(bits, axis)])),
    };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function mixed(op: OpName, of: readonly TensorType[]): TensorType {
  const [state, coordinate] = exactly(op, of, 2);
  for (const each of [state, coordinate]) requireDType(op, of, each, 'uint32', 'int32');
  return { dtype: 'uint32', shape: broadcast(op, of) };
}

/**
 * One more coordinate mixed into the bits so far. Each uint32 or int32 (by its bits), broadcasting -> uint32
 */
export const hashCombine = (state: Node, coordinate: Node): Node =>
  nodeOf('HashCombine', [state, coordinate], shapes.HashCombine([state, coordinate]));

/**
 * The hash of a key and coordinates, which broadcast to the shape of the result -> uint32. Put those that
 * vary along the fewest axes first: each is mixed in at the shape reached so far.
 */
export const randomBits = (key: Node, coordinates: readonly [Node, ...Node[]]): Node =>
  coordinates.reduce(hashCombine, key);

/**
 * Bits for each pair of two hashes, which broadcast: half as many operations as HashCombine has, for where
 * there are many pairs. The hashes have to be random already, as those of HashCombine are. -> uint32
 */
export const draw = (state: Node, coordinate: Node): Node =>
  nodeOf('Draw', [state, coordinate], shapes.Draw([state, coordinate]));

/**
 * 1 / (1 - probability) with probability 1 - `probability`, else 0, by the bits: what dropout multiplies by.
 * -> float32, shape of bits
 */
export function keepMask(bits: Node, probability: number): Node {
  requireProbability('KeepMask', bits, probability);
  return nodeOf('KeepMask', [bits], shapes.KeepMask([bits]), { probability });
}

/**
 * Two such masks, one after the other along an axis: by the upper 16 bits and by the lower ones, so with a
 * probability that is a multiple of 2^-16.
 */
export function keepMaskOfHalves(bits: Node, probability: number, axis: number): Node {
  requireProbability('KeepMaskOfHalves', bits, probability);
  const attributes = { probability, axis };
  return nodeOf('KeepMaskOfHalves', [bits], shapes.KeepMaskOfHalves([bits], attributes), attributes);
}

function requireProbability(op: Op, bits: Node, probability: number): void {
  if (!(probability >= 0 && probability < 1))
    refuse(op, [bits], `${probability} is not a dropout probability`);
}

/**
 * HashCombine of one element, as int32. The mixer is Wellons' lowbias32 (nullprogram.com/blog/2018/07/31).
 */
export function hashCombineOf(state: number, coordinate: number): number {
  let x = state ^ coordinate;
  x ^= x >>> 16;
  x = Math.imul(x, multipliers[0]);
  x ^= x >>> 15;
  x = Math.imul(x, multipliers[1]);
  return x ^ (x >>> 16);
}

/** Draw of one element, as int32: the product of two odd numbers, folded and multiplied again. */
export function drawOf(state: number, coordinate: number): number {
  const product = Math.imul((state << 1) | 1, (coordinate << 1) | 1);
  return Math.imul(product ^ (product >>> 16), multipliers[1]);
}

/** KeepMaskOfHalves of one element. */
export const keepMaskOfHalf = (bits: number, half: 'upper' | 'lower', probability: number): number =>
  (half === 'upper' ? bits : bits << 16) >>> 0 < halfThreshold(probability) ? 0 : keptScale(probability);

/** KeepMask of one element. */
export const keepMaskOf = (bits: number, probability: number): number =>
  bits >>> 0 < threshold(probability) ? 0 : keptScale(probability);

/** The mask's value where an element is kept. */
export const keptScale = (probability: number): number => Math.fround(1 / (1 - probability));

const multipliers = [0x7feb352d, 0x846ca68b] as const;

/** The factor after the fold. */
export const drawMultiplier = multipliers[1];

/** An element is dropped where its bits are below this. */
const threshold = (probability: number): number => Math.min(2 ** 32 - 1, Math.round(probability * 2 ** 32));

/** The same for 16 bits in the upper half. */
export const halfThreshold = (probability: number): number =>
  Math.min(2 ** 16 - 1, Math.round(probability * 2 ** 16)) * 2 ** 16;

export const gradients = {
  HashCombine: () => [undefined, undefined],
  Draw: () => [undefined, undefined],
  KeepMask: () => [undefined],
  KeepMaskOfHalves: () => [undefined],
} satisfies Record<Op, GradientRule>;

export const onnx = {
  HashCombine: (emit, of, node) => {
    const first = multiplied(
      emit,
      foldHigh(emit, emit.apply('BitwiseXor', wordsOf(emit, of, node)), 16),
      multipliers[0],
    );
    const second = multiplied(emit, foldHigh(emit, first, 15), multipliers[1]);
    return foldHigh(emit, second, 16);
  },
  Draw: (emit, of, node) => {
    const one = emit.constant('uint32', [], [1]);
    const odd = wordsOf(emit, of, node).map((word) =>
      emit.apply('BitwiseXor', [multiplied(emit, word, 2), one]),
    );
    return multiplied(emit, foldHigh(emit, emit.apply('Mul', odd), 16), multipliers[1]);
  },
  KeepMask: (emit, of, { attributes }) => {
    const probability = numberAt(attributes, 'probability');
    return kept(
      emit,
      emit.apply('Less', [...of, emit.constant('uint32', [], [threshold(probability)])]),
      probability,
    );
  },
  KeepMaskOfHalves: (emit, of, { attributes }) => {
    const [upper] = exactly('KeepMaskOfHalves', of, 1);
    const probability = numberAt(attributes, 'probability');
    const least = emit.constant('uint32', [], [halfThreshold(probability)]);
    const dropped = [upper, multiplied(emit, upper, 2 ** 16)].map((half) =>
      emit.apply('Less', [half, least]),
    );
    return kept(
      emit,
      emit.apply('Concat', dropped, { axis: { int: numberAt(attributes, 'axis') } }),
      probability,
    );
  },
} satisfies Record<Op, Lowering>;

/** The bits of the inputs. */
const wordsOf = (emit: Emit, of: readonly Value[], { inputs }: Node): readonly Value[] =>
  of.map((value, i) =>
    inputs[i]?.dtype === 'uint32' ? value : emit.apply('Cast', [value], { to: { dtype: 'uint32' } }),
  );

const kept = (emit: Emit, dropped: Value, probability: number): Value =>
  emit.apply('Where', [
    dropped,
    emit.constant('float32', [], [0]),
    emit.constant('float32', [], [1 / (1 - probability)]),
  ]);

/** x ^ (x >>> bits) */
const foldHigh = (emit: Emit, x: Value, bits: number): Value =>
  emit.apply('BitwiseXor', [
    x,
    emit.apply('BitShift', [x, emit.constant('uint32', [], [bits])], { direction: { text: 'RIGHT' } }),
  ]);

/** The low 32 bits of a product. */
const multiplied = (emit: Emit, x: Value, by: number): Value =>
  emit.apply('Mul', [x, emit.constant('uint32', [], [by])]);

/** In uint32, which has kernels on CPU and GPU, where those of int32 run on the host. */
export const tensorflow = {
  HashCombine: (emit, of, node) => {
    const first = timesWord(
      emit,
      foldWord(emit, typed(emit, 'BitwiseXor', bitcastOf(emit, of, node), 'uint32'), 16),
      multipliers[0],
    );
    return foldWord(emit, timesWord(emit, foldWord(emit, first, 15), multipliers[1]), 16);
  },
  Draw: (emit, of, node) => {
    const one = emit.constant('uint32', [], [1]);
    const odd = bitcastOf(emit, of, node).map((word) =>
      typed(emit, 'BitwiseXor', [timesWord(emit, word, 2), one], 'uint32'),
    );
    return timesWord(emit, foldWord(emit, typed(emit, 'Mul', odd, 'uint32'), 16), multipliers[1]);
  },
  KeepMask: (emit, of, node) => selected(emit, of, node),
  KeepMaskOfHalves: (emit, of, node) => selected(emit, of, node),
} satisfies Record<Op, Lowering>;

/** Whether an op draws a dropout mask. */
export const isMask = (op: OpName): boolean => op === 'KeepMask' || op === 'KeepMaskOfHalves';

/** Where a mask is 0, and what it is elsewhere. `of`: the bits that it is made from. */
export function droppedBy(
  emit: Emit,
  of: readonly Value[],
  { op, attributes }: Node,
): { readonly dropped: Value; readonly scale: number } {
  const [bits] = exactly(op, of, 1);
  const probability = numberAt(attributes, 'probability');
  const isBelow = (value: Value, least: number): Value =>
    typed(emit, 'Less', [value, emit.constant('uint32', [], [least])], 'uint32');
  const scale = 1 / (1 - probability);
  if (op === 'KeepMask') return { dropped: isBelow(bits, threshold(probability)), scale };
  const halves = [bits, timesWord(emit, bits, 2 ** 16)].map((half) =>
    isBelow(half, halfThreshold(probability)),
  );
  return { dropped: concatenated(emit, halves, numberAt(attributes, 'axis'), 'bool'), scale };
}

const bitcastOf = (emit: Emit, of: readonly Value[], { inputs }: Node): readonly Value[] =>
  of.map((value, i) =>
    inputs[i]?.dtype === 'uint32'
      ? value
      : typed(emit, 'Bitcast', [value], 'int32', { type: { dtype: 'uint32' } }),
  );

function selected(emit: Emit, of: readonly Value[], node: Node): Value {
  const { dropped, scale } = droppedBy(emit, of, node);
  return typed(emit, 'SelectV2', [dropped, scalar(emit, 0), scalar(emit, scale)]);
}

/** x ^ (x >>> bits) */
const foldWord = (emit: Emit, x: Value, bits: number): Value =>
  typed(
    emit,
    'BitwiseXor',
    [x, typed(emit, 'RightShift', [x, emit.constant('uint32', [], [bits])], 'uint32')],
    'uint32',
  );

const timesWord = (emit: Emit, x: Value, by: number): Value =>
  typed(emit, 'Mul', [x, emit.constant('uint32', [], [by])], 'uint32');
