import { loops } from './loop.ts';
import { loopFunction, sumOfSquaresFunction } from './loop-function.ts';
import { memoriesFor } from './memory-shares.ts';
import { wasmModule } from './wasm-code.ts';

/** Settings of one AdamW step. */
export interface AdamWStep {
  /** From 1 on. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Factor of the gradient: what clipping leaves of it. */
  readonly gradientScale: number;
}

/** What AdamW works on, all of one length and allocated together. All but the gradient are changed. */
export interface AdamWState {
  readonly parameter: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly gradient: Float32Array;
}

/**
 * Loops over large arrays, in WebAssembly SIMD. They take arrays of `allocate`, or parts of them (subarray).
 */
export interface Kernels {
  /**
   * Zeroed arrays by their lengths. Those of one group lie in one WebAssembly.Memory, and only such can meet
   * in one call: a parameter, its moments and its gradient are a group. A memory holds 4 GiB; throws where a
   * group needs more.
   */
  allocate(groups: readonly (readonly number[])[]): readonly (readonly Float32Array[])[];
  /** One step of AdamW, in place. */
  adamw(state: AdamWState, step: AdamWStep): void;
  /** Accumulated in float64. NaN or infinite exactly where an element is, or the float64 overflows. */
  sumOfSquares(x: Float32Array): number;
  /** x *= factor */
  scale(x: Float32Array, factor: number): void;
  /** target += factor * source */
  accumulate(target: Float32Array, source: Float32Array, factor: number): void;
}

/** Compiles the loops; no memory is allocated yet. */
export function createKernels(): Kernels {
  const module = new WebAssembly.Module(wasmModule([...loops().map(loopFunction), sumOfSquaresFunction()]));
  const functionsOf = new Map<ArrayBufferLike, Functions>();

  /** The functions that see the memory the arrays lie in. */
  const over = (...arrays: readonly [Float32Array, ...Float32Array[]]): Functions => {
    const functions = functionsOf.get(arrays[0].buffer);
    if (functions === undefined) throw new Error('the array was not allocated by these kernels');
    if (arrays.some(({ buffer }) => buffer !== arrays[0].buffer))
      throw new Error('the arrays were not allocated in one group');
    if (arrays.some(({ length }) => length !== arrays[0].length))
      throw new Error(`the arrays differ in length: ${arrays.map(({ length }) => length).join(', ')}`);
    return functions;
  };

  return {
    allocate: (groups) =>
      memoriesFor(groups).flatMap((share) => {
        const memory = new WebAssembly.Memory({ initial: share.pages });
        functionsOf.set(memory.buffer, functionsIn(new WebAssembly.Instance(module, { host: { memory } })));
        return share.groups.map((arrays) =>
          arrays.map(({ offset, length }) => new Float32Array(memory.buffer, offset, length)),
        );
      }),
    adamw: ({ parameter, firstMoment, secondMoment, gradient }, step) => {
      const arrays = [parameter, firstMoment, secondMoment, gradient] as const;
      over(...arrays).adamw(
        ...arrays.map(({ byteOffset }) => byteOffset),
        parameter.length,
        ...adamwScalars(step),
      );
    },
    sumOfSquares: (x) => over(x).sumOfSquares(x.byteOffset, x.length),
    scale: (x, factor) => void over(x).scale(x.byteOffset, x.length, factor),
    accumulate: (target, source, factor) =>
      void over(target, source).accumulate(target.byteOffset, source.byteOffset, target.length, factor),
  };
}

/** In the order of the loop's declaration. */
function adamwScalars({
  step,
  learningRate,
  beta1,
  beta2,
  epsilon,
  weightDecay,
  gradientScale,
}: AdamWStep): readonly number[] {
  const correction = Math.sqrt(1 - beta2 ** step);
  return [
    gradientScale,
    1 - beta1,
    beta2,
    1 - beta2,
    1 - learningRate * weightDecay,
    (correction * learningRate) / (1 - beta1 ** step),
    correction * epsilon,
  ];
}

type LoopFunction = (...of: readonly number[]) => number;
type Functions = Readonly<Record<'adamw' | 'sumOfSquares' | 'scale' | 'accumulate', LoopFunction>>;

function functionsIn({ exports }: WebAssembly.Instance): Functions {
  const named = (name: string): LoopFunction => {
    const found = exports[name];
    if (typeof found !== 'function') throw new Error(`the module has no function "${name}"`);
    return (...of) => Number(found(...of));
  };
  return {
    adamw: named('adamw'),
    sumOfSquares: named('sumOfSquares'),
    scale: named('scale'),
    accumulate: named('accumulate'),
  };
}
