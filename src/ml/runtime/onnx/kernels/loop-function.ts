import {
  code,
  type Code,
  get,
  instructions,
  quadruple,
  set,
  simd,
  single,
  strided,
  valueTypes,
  type WasmFunction,
  type Width,
} from './wasm-code.ts';
import type { Expression, Loop } from './loop.ts';

/**
 * The function of a loop, "name"(address of each array, count of elements, each scalar). It takes four
 * elements at a time, then the last ones singly, by the same operations: so where an array begins and ends
 * does not change what comes out.
 */
export function loopFunction({ name, arrays, scalars, statements }: Loop): WasmFunction {
  const count = arrays;
  const counters = { offset: arrays + 1 + scalars, end: arrays + 2 + scalars };
  const address = (array: number): Code => code(get(array), get(counters.offset), instructions.i32Add);
  const valueOf = (expression: Expression, width: Width): Code => {
    switch (expression.kind) {
      case 'load':
        return code(address(expression.array), width.load);
      case 'scalar':
        return code(get(count + 1 + expression.index), width.splat);
      case 'sqrt':
        return code(valueOf(expression.of, width), width.operations.sqrt);
      default:
        return code(
          valueOf(expression.left, width),
          valueOf(expression.right, width),
          width.operations[expression.kind],
        );
    }
  };
  const pass = (width: Width): Code =>
    statements.flatMap(({ store, value }) => code(address(store), valueOf(value, width), width.store));
  return {
    name,
    parameters: [
      ...Array<number>(arrays + 1).fill(valueTypes.i32),
      ...Array<number>(scalars).fill(valueTypes.f32),
    ],
    result: undefined,
    locals: [valueTypes.i32, valueTypes.i32],
    body: strided(count, counters, pass(quadruple()), pass(single())),
  };
}

/**
 * "sumOfSquares"(address, count) -> f64. In float64: two lanes of low halves, two of high ones, then the last
 * elements.
 */
export function sumOfSquaresFunction(): WasmFunction {
  const [array, count, offset, end, low, high, four, total] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const address = code(get(array), get(offset), instructions.i32Add);
  const promote = simd(95);
  const upperHalf = simd(13, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const addSquares = (lanes: number, half: Code): Code =>
    code(get(lanes), half, promote, half, promote, simd(242), simd(240), set(lanes));
  const element = code(address, single().load, instructions.f64Promote);
  const addFour = code(
    address,
    quadruple().load,
    set(four),
    addSquares(low, get(four)),
    addSquares(high, code(get(four), get(four), upperHalf)),
  );
  const addOne = code(
    get(total),
    element,
    element,
    instructions.f64Multiply,
    instructions.f64Add,
    set(total),
  );
  return {
    name: 'sumOfSquares',
    parameters: [valueTypes.i32, valueTypes.i32],
    result: valueTypes.f64,
    locals: [
      valueTypes.i32,
      valueTypes.i32,
      valueTypes.v128,
      valueTypes.v128,
      valueTypes.v128,
      valueTypes.f64,
    ],
    body: code(
      strided(count, { offset, end }, addFour, addOne),
      lanesSum(low),
      lanesSum(high),
      instructions.f64Add,
      get(total),
      instructions.f64Add,
    ),
  };
}

/** Of its two float64. */
const lanesSum = (lanes: number): Code =>
  code(get(lanes), simd(33, 0), get(lanes), simd(33, 1), instructions.f64Add);
