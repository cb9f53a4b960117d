import { numberAt } from '../attribute.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, type ShapeRule } from '../rule.ts';
import { broadcast, nodeOf, refuse, requireDType } from '../shape.ts';
import { scalar, typed } from '../tensorflow-operator.ts';

/**
 * Random bits as a function of where they are used: the same seed, step, site, row and position give the same
 * bits in the graph and in TypeScript, on every runtime, whatever the padding and however a run was resumed.
 */
export const shapes = {
  HashCombine: (of) => {
    const [state, coordinate] = exactly('HashCombine', of, 2);
    for (const each of [state, coordinate]) requireDType('HashCombine', of, each, 'uint32', 'int32');
    return { dtype: 'uint32', shape: broadcast('HashCombine', of) };
  },
  KeepMask: (of) => {
    const [bits] = exactly('KeepMask', of, 1);
    requireDType('KeepMask', of, bits, 'uint32');
    return { dtype: 'float32', shape: bits.shape };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

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
 * 1 / (1 - probability) with probability 1 - `probability`, else 0, by the bits: what dropout multiplies by.
 * -> float32, shape of bits
 */
export function keepMask(bits: Node, probability: number): Node {
  if (!(probability >= 0 && probability < 1))
    refuse('KeepMask', [bits], `${probability} is not a dropout probability`);
  return nodeOf('KeepMask', [bits], shapes.KeepMask([bits]), { probability });
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

/** KeepMask of one element. */
export const keepMaskOf = (bits: number, probability: number): number =>
  bits >>> 0 < threshold(probability) ? 0 : Math.fround(1 / (1 - probability));

const multipliers = [0x7feb352d, 0x846ca68b] as const;

/** An element is dropped where its bits are below this. */
const threshold = (probability: number): number => Math.min(2 ** 32 - 1, Math.round(probability * 2 ** 32));

export const gradients = {
  HashCombine: () => [undefined, undefined],
  KeepMask: () => [undefined],
} satisfies Record<Op, GradientRule>;

export const onnx = {
  HashCombine: (emit, of, { inputs }) => {
    const [state, coordinate] = exactly(
      'HashCombine',
      of.map((value, i) =>
        inputs[i]?.dtype === 'uint32' ? value : emit.apply('Cast', [value], { to: { dtype: 'uint32' } }),
      ),
      2,
    );
    const first = multiplied(
      emit,
      foldHigh(emit, emit.apply('BitwiseXor', [state, coordinate]), 16),
      multipliers[0],
    );
    const second = multiplied(emit, foldHigh(emit, first, 15), multipliers[1]);
    return foldHigh(emit, second, 16);
  },
  KeepMask: (emit, of, { attributes }) => {
    const probability = numberAt(attributes, 'probability');
    const dropped = emit.apply('Less', [...of, emit.constant('uint32', [], [threshold(probability)])]);
    return emit.apply('Where', [
      dropped,
      emit.constant('float32', [], [0]),
      emit.constant('float32', [], [1 / (1 - probability)]),
    ]);
  },
} satisfies Record<Op, Lowering>;

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
  HashCombine: (emit, of, { inputs }) => {
    const words = of.map((value, i) =>
      inputs[i]?.dtype === 'uint32'
        ? value
        : typed(emit, 'Bitcast', [value], 'int32', { type: { dtype: 'uint32' } }),
    );
    const first = timesWord(
      emit,
      foldWord(emit, typed(emit, 'BitwiseXor', words, 'uint32'), 16),
      multipliers[0],
    );
    return foldWord(emit, timesWord(emit, foldWord(emit, first, 15), multipliers[1]), 16);
  },
  KeepMask: (emit, of, { attributes }) => {
    const probability = numberAt(attributes, 'probability');
    const least = emit.constant('uint32', [], [threshold(probability)]);
    return typed(emit, 'SelectV2', [
      typed(emit, 'Less', [...of, least], 'uint32'),
      scalar(emit, 0),
      scalar(emit, 1 / (1 - probability)),
    ]);
  },
} satisfies Record<Op, Lowering>;

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
