import type { Expression, Loop } from './loop.ts';

/**
 * A WebAssembly module (webassembly.github.io/spec/core/binary) with a function a loop, "name"(address of
 * each array, count of elements, each scalar), and "sumOfSquares"(address, count) -> f64. It imports its
 * memory as "host" "memory". Each loop takes four elements at a time, then the last ones singly, by the same
 * operations: so where an array begins and ends does not change what comes out.
 */
export function wasmModule(loops: readonly Loop[]): Uint8Array<ArrayBuffer> {
  const functions = [...loops.map(loopFunction), sumOfSquaresFunction()];
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(parameters.map((type) => [type])),
    ...vector(result === undefined ? [] : [[result]]),
  ]);
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const memory = code(text('host'), text('memory'), 0x02, 0x00, 0x00); // of at least 0 pages
  return Uint8Array.from(
    code(
      magicAndVersion,
      section(1, types),
      section(2, [memory]),
      section(
        3,
        functions.map((_, index) => unsigned(index)),
      ),
      section(
        7,
        functions.map(({ name }, index) => code(text(name), 0x00, unsigned(index))),
      ),
      section(
        10,
        functions.map(({ locals, body }) =>
          sized(code(vector(locals.map((type) => [0x01, type])), body, instructions.end)),
        ),
      ),
    ),
  );
}

interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly result: number | undefined;
  readonly locals: readonly number[];
  readonly body: Code;
}

type Code = readonly number[];

const valueTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

const instructions = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  i32GreaterOrEqual: 0x4f, // unsigned
  i32Add: 0x6a,
  i32And: 0x71,
  i32ShiftLeft: 0x74,
  f64Add: 0xa0,
  f64Multiply: 0xa2,
  f64Promote: 0xbb,
} as const;

/** An instruction of the SIMD proposal: prefix 0xfd and a number. */
const simd = (number: number, ...immediates: readonly number[]): Code => [
  0xfd,
  ...unsigned(number),
  ...immediates,
];

/** The same operations on one element and on four. */
interface Width {
  readonly bytes: number;
  readonly load: Code;
  readonly store: Code;
  readonly splat: Code;
  readonly operations: Readonly<Record<'sqrt' | 'add' | 'subtract' | 'multiply' | 'divide', Code>>;
}

/** Alignment (as a power of two) is a hint; the offset is 0. */
const single = (): Width => ({
  bytes: 4,
  load: [0x2a, 2, 0],
  store: [0x38, 2, 0],
  splat: [],
  operations: { sqrt: [0x91], add: [0x92], subtract: [0x93], multiply: [0x94], divide: [0x95] },
});

const quadruple = (): Width => ({
  bytes: 16,
  load: simd(0, 2, 0),
  store: simd(11, 2, 0),
  splat: simd(19),
  operations: {
    sqrt: simd(227),
    add: simd(228),
    subtract: simd(229),
    multiply: simd(230),
    divide: simd(231),
  },
});

function loopFunction({ name, arrays, scalars, statements }: Loop): WasmFunction {
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

/** The sum of the squares in float64: two lanes of low halves, two of high ones, then the last elements. */
function sumOfSquaresFunction(): WasmFunction {
  const [array, count, offset, end, low, high, four, total] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const address = code(get(array), get(offset), instructions.i32Add);
  const promote = simd(95);
  const upperHalf = simd(13, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const addSquares = (lanes: number, half: Code): Code =>
    code(get(lanes), half, promote, half, promote, simd(242), simd(240), set(lanes));
  const element = code(address, single().load, instructions.f64Promote);
  const lanesSum = (lanes: number): Code =>
    code(get(lanes), simd(33, 0), get(lanes), simd(33, 1), instructions.f64Add);
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

/**
 * Runs `four` for every whole quadruple of the `count` elements, then `one` for the rest; `offset` is where,
 * in bytes.
 */
function strided(
  count: number,
  { offset, end }: { readonly offset: number; readonly end: number },
  four: Code,
  one: Code,
): Code {
  const bytes = code(get(count), integer(2), instructions.i32ShiftLeft);
  const whileBelowEnd = (body: Code, stride: number): Code => {
    const leave = code(get(offset), get(end), instructions.i32GreaterOrEqual, instructions.branchIf, 1);
    const again = code(
      get(offset),
      integer(stride),
      instructions.i32Add,
      set(offset),
      instructions.branch,
      0,
    );
    return code(
      instructions.block,
      instructions.loop,
      leave,
      body,
      again,
      instructions.end,
      instructions.end,
    );
  };
  return code(
    bytes,
    integer(-16),
    instructions.i32And,
    set(end),
    whileBelowEnd(four, 16),
    bytes,
    set(end),
    whileBelowEnd(one, 4),
  );
}

const code = (...parts: readonly (number | Code)[]): Code => parts.flat();

const get = (local: number): Code => code(0x20, unsigned(local));
const set = (local: number): Code => code(0x21, unsigned(local));

/** i32.const of a number that fits in seven bits, signed. */
const integer = (value: number): Code => [0x41, value & 0x7f];

const section = (id: number, entries: readonly Code[]): Code => [id, ...sized(vector(entries))];

const vector = (entries: readonly Code[]): Code => [...unsigned(entries.length), ...entries.flat()];

const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];

const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);

/** LEB128. */
const unsigned = (value: number): Code =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
