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
 * does not change what comes out. Scalars are spread to four lanes once, and what is stored stays in a local
 * for the statements after it: AdamW took a tenth longer without.
 */
export function loopFunction({ name, arrays, scalars, statements }: Loop): WasmFunction {
  const count = arrays;
  const firstScalar = arrays + 1;
  const counters = { offset: firstScalar + scalars, end: firstScalar + scalars + 1 };
  const four: Registers = {
    width: quadruple(),
    firstScalar: counters.end + 1,
    firstStored: counters.end + 1 + scalars,
  };
  const one: Registers = {
    width: single(),
    firstScalar,
    firstStored: four.firstStored + statements.length,
  };
  const address = (array: number): Code => code(get(array), get(counters.offset), instructions.i32Add);

  const pass = ({ width, firstScalar: scalar, firstStored }: Registers): Code =>
    statements.flatMap(({ store, value }, place) => {
      const valueOf = (expression: Expression): Code => {
        switch (expression.kind) {
          case 'load': {
            const stored = statements
              .slice(0, place)
              .findLastIndex((each) => each.store === expression.array);
            return stored < 0 ? code(address(expression.array), width.load) : get(firstStored + stored);
          }
          case 'scalar':
            return get(scalar + expression.index);
          case 'sqrt':
            return code(valueOf(expression.of), width.operations.sqrt);
          default:
            return code(
              valueOf(expression.left),
              valueOf(expression.right),
              width.operations[expression.kind],
            );
        }
      };
      const local = firstStored + place;
      return code(valueOf(value), set(local), address(store), get(local), width.store);
    });

  const spread = Array.from({ length: scalars }, (_, index) =>
    code(get(one.firstScalar + index), four.width.splat, set(four.firstScalar + index)),
  );
  return {
    name,
    parameters: [
      ...Array<number>(arrays + 1).fill(valueTypes.i32),
      ...Array<number>(scalars).fill(valueTypes.f32),
    ],
    result: undefined,
    locals: [
      valueTypes.i32,
      valueTypes.i32,
      ...Array<number>(scalars + statements.length).fill(valueTypes.v128),
      ...Array<number>(statements.length).fill(valueTypes.f32),
    ],
    body: code(...spread, strided(count, counters, pass(four), pass(one))),
  };
}

/** The locals that hold the scalars, and what the statements store. */
interface Registers {
  readonly width: Width;
  readonly firstScalar: number;
  readonly firstStored: number;
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
