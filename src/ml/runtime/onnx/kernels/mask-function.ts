import {
  code,
  type Code,
  get,
  instructions,
  integer,
  set,
  simd,
  strided,
  valueTypes,
  type WasmFunction,
} from './wasm-code.ts';

/**
 * "keepMask"(rows, rowCount, columns, columnCount, upper, rowBytes, halfBytes, multiplier, threshold, kept):
 * for each row and column the bits of Draw (random.ts), whose two hashes are given as odd numbers, and for
 * them `kept` if the upper half is at least the threshold, else 0; `halfBytes` further on the same for the
 * lower half. What belongs to a row begins `rowBytes` after that of the row before.
 */
export function keepMaskFunction(): WasmFunction {
  const [rows, rowCount, columns, columnCount, upper, rowBytes, halfBytes] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [multiplier, threshold, kept] = [7, 8, 9] as const;
  const [offset, end, lower, lastRow] = [10, 11, 12, 13] as const;
  const one: Words = { width: single(), row: 14, word: 15, multiplier, threshold, kept };
  const four: Words = { width: quadruple(), row: 16, word: 17, multiplier: 18, threshold: 19, kept: 20 };
  const { i32Add, i32GreaterOrEqual, i32ShiftLeft } = instructions;
  const at = (array: number): Code => code(get(array), get(offset), i32Add);
  const splat = (from: number, to: number): Code => code(get(from), four.width.splat, set(to));

  const pass = ({ width, row, word, ...of }: Words): Code => {
    const mask = (half: Code, to: number): Code =>
      code(at(to), half, get(of.threshold), width.atLeast, get(of.kept), width.whereTrue, width.store);
    return code(
      code(at(columns), width.load, get(row), width.multiply, set(word)),
      code(get(word), get(word), integer(16), width.shiftRight, width.xor),
      code(get(of.multiplier), width.multiply, set(word)),
      mask(get(word), upper),
      mask(code(get(word), integer(16), width.shiftLeft), lower),
    );
  };
  return {
    name: 'keepMask',
    parameters: Array<number>(10).fill(valueTypes.i32),
    result: undefined,
    locals: [...Array<number>(6).fill(valueTypes.i32), ...Array<number>(5).fill(valueTypes.v128)],
    body: code(
      code(splat(multiplier, four.multiplier), splat(threshold, four.threshold), splat(kept, four.kept)),
      code(get(rows), get(rowCount), integer(2), i32ShiftLeft, i32Add, set(lastRow)),
      code(instructions.block, instructions.loop),
      code(get(rows), get(lastRow), i32GreaterOrEqual, instructions.branchIf, 1),
      code(get(rows), one.width.load, set(one.row), splat(one.row, four.row)),
      code(get(upper), get(halfBytes), i32Add, set(lower), integer(0), set(offset)),
      strided(columnCount, { offset, end }, pass(four), pass(one)),
      code(get(rows), integer(4), i32Add, set(rows), get(upper), get(rowBytes), i32Add, set(upper)),
      code(instructions.branch, 0, instructions.end, instructions.end),
    ),
  };
}

/** The locals that hold a word or four, and the operations on them. */
interface Words {
  readonly width: IntegerWidth;
  readonly row: number;
  readonly word: number;
  readonly multiplier: number;
  readonly threshold: number;
  readonly kept: number;
}

/** The same operations on one uint32 and on four. */
interface IntegerWidth {
  readonly load: Code;
  readonly store: Code;
  readonly splat: Code;
  readonly multiply: Code;
  readonly xor: Code;
  readonly shiftLeft: Code;
  readonly shiftRight: Code;
  readonly atLeast: Code;
  /** Combines the result of `atLeast` with a word: the word where it is true, else 0. */
  readonly whereTrue: Code;
}

const single = (): IntegerWidth => ({
  load: [0x28, 2, 0],
  store: [0x36, 2, 0],
  splat: [],
  multiply: [0x6c],
  xor: [0x73],
  shiftLeft: [0x74],
  shiftRight: [0x76],
  atLeast: [0x4f],
  whereTrue: [0x6c], // true is 1
});

const quadruple = (): IntegerWidth => ({
  load: simd(0, 2, 0),
  store: simd(11, 2, 0),
  splat: simd(17),
  multiply: simd(181),
  xor: simd(81),
  shiftLeft: simd(171),
  shiftRight: simd(173),
  atLeast: simd(64),
  whereTrue: simd(78), // true has every bit
});
