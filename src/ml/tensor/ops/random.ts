import { numberAt } from '../attribute.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import { exactly, type GradientRule, type ShapeRule } from '../rule.ts';
import { broadcast, nodeOf, requireDType } from '../shape.ts';

/**
 * Random bits as a function of where they are used: the same seed, step, site, row and position give the same bits in the
 * graph and in TypeScript, on every runtime, whatever the padding and however a run was resumed.
 */
export const shapes = {
  HashCombine: (of) => {
    const [state, coordinate] = exactly('HashCombine', of, 2);
    requireDType('HashCombine', of, state, 'int32');
    requireDType('HashCombine', of, coordinate, 'int32');
    return { dtype: 'int32', shape: broadcast('HashCombine', of) };
  },
  KeepMask: (of) => {
    const [bits] = exactly('KeepMask', of, 1);
    requireDType('KeepMask', of, bits, 'int32');
    return { dtype: 'float32', shape: bits.shape };
  },
} satisfies Record<string, ShapeRule>;

type Op = keyof typeof shapes;

/** One more coordinate mixed into the bits so far. Both int32, broadcasting. */
export const hashCombine = (state: Node, coordinate: Node): Node => nodeOf('HashCombine', [state, coordinate], shapes.HashCombine([state, coordinate]));

/**
 * The hash of a key and coordinates: int32 nodes that broadcast to the shape of the result. Put those that vary along the
 * fewest axes first: each is mixed in at the shape reached so far.
 */
export const randomBits = (key: Node, coordinates: readonly Node[]): Node => coordinates.reduce(hashCombine, key);

/** 1 / (1 - probability) with probability 1 - `probability`, else 0, by the bits: what dropout multiplies by. -> float32, shape of bits */
export const keepMask = (bits: Node, probability: number): Node => nodeOf('KeepMask', [bits], shapes.KeepMask([bits]), { probability });

/** HashCombine of one element, as int32. The mixer is Wellons' lowbias32 (nullprogram.com/blog/2018/07/31). */
export function hashCombineOf(state: number, coordinate: number): number {
  let x = state ^ coordinate;
  x ^= x >>> 16;
  x = Math.imul(x, multipliers[0]);
  x ^= x >>> 15;
  x = Math.imul(x, multipliers[1]);
  return x ^ (x >>> 16);
}

/** KeepMask of one element. */
export const keepMaskOf = (bits: number, probability: number): number => (bits >>> 1 < threshold(probability) ? 0 : Math.fround(1 / (1 - probability)));

const multipliers = [0x7feb352d, 0x846ca68b | 0] as const;

/** An element is dropped where the upper 31 of its bits are below this. */
const threshold = (probability: number): number => Math.min(2 ** 31 - 1, Math.round(probability * 2 ** 31));

export const gradients = {
  HashCombine: () => [undefined, undefined],
  KeepMask: () => [undefined],
} satisfies Record<Op, GradientRule>;

export const onnx = {
  HashCombine: (emit, of) => {
    const unsigned = emit.apply('Cast', [emit.apply('BitwiseXor', of)], { to: { dtype: 'uint32' } });
    const first = multiplied(emit, foldHigh(emit, unsigned, 16), multipliers[0]);
    const second = multiplied(emit, foldHigh(emit, first, 15), multipliers[1]);
    return emit.apply('Cast', [foldHigh(emit, second, 16)], { to: { dtype: 'int32' } });
  },
  KeepMask: (emit, of, { attributes }) => {
    const probability = numberAt(attributes, 'probability');
    const upper = emit.apply('BitShift', [emit.apply('Cast', of, { to: { dtype: 'uint32' } }), emit.constant('uint32', [], [1])], { direction: { text: 'RIGHT' } });
    const dropped = emit.apply('Less', [emit.apply('Cast', [upper], { to: { dtype: 'int32' } }), emit.constant('int32', [], [threshold(probability)])]);
    return emit.apply('Where', [dropped, emit.constant('float32', [], [0]), emit.constant('float32', [], [1 / (1 - probability)])]);
  },
} satisfies Record<Op, Lowering>;

/** x ^ (x >>> bits), of uint32. */
const foldHigh = (emit: Emit, x: Value, bits: number): Value =>
  emit.apply('BitwiseXor', [x, emit.apply('BitShift', [x, emit.constant('uint32', [], [bits])], { direction: { text: 'RIGHT' } })]);

/** The low 32 bits of a product, of uint32: multiplied as int32, which is what the CPU kernels know. */
const multiplied = (emit: Emit, x: Value, by: number): Value =>
  emit.apply('Cast', [emit.apply('Mul', [emit.apply('Cast', [x], { to: { dtype: 'int32' } }), emit.constant('int32', [], [by])])], { to: { dtype: 'uint32' } });
