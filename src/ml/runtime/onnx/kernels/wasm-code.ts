/**
 * How functions of WebAssembly are written as bytes (webassembly.github.io/spec/core/binary): a module of
 * functions, and loops over elements of four bytes.
 */

/** A module that exports the functions. It imports its memory as "host" "memory". */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
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

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly result: number | undefined;
  readonly locals: readonly number[];
  readonly body: Code;
}

export type Code = readonly number[];

export const valueTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

export const instructions = {
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
export const simd = (number: number, ...immediates: readonly number[]): Code => [
  0xfd,
  ...unsigned(number),
  ...immediates,
];

/** The same operations on one element and on four. */
export interface Width {
  readonly bytes: number;
  readonly load: Code;
  readonly store: Code;
  readonly splat: Code;
  readonly operations: Readonly<Record<'sqrt' | 'add' | 'subtract' | 'multiply' | 'divide', Code>>;
}

/** Alignment (as a power of two) is a hint; the offset is 0. */
export const single = (): Width => ({
  bytes: 4,
  load: [0x2a, 2, 0],
  store: [0x38, 2, 0],
  splat: [],
  operations: { sqrt: [0x91], add: [0x92], subtract: [0x93], multiply: [0x94], divide: [0x95] },
});

/** Four float32 at once: v128 and the f32x4 instructions of WebAssembly SIMD. */
export const quadruple = (): Width => ({
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

/**
 * Runs `four` for every whole quadruple of the `count` elements, then `one` for the rest; `offset` is where,
 * in bytes.
 */
export function strided(
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

/** One sequence of bytes. */
export const code = (...parts: readonly (number | Code)[]): Code => parts.flat();

/** local.get */
export const get = (local: number): Code => code(0x20, unsigned(local));
/** local.set */
export const set = (local: number): Code => code(0x21, unsigned(local));

/** i32.const of a number that fits in seven bits, signed. */
export const integer = (value: number): Code => [0x41, value & 0x7f];

const section = (id: number, entries: readonly Code[]): Code => [id, ...sized(vector(entries))];

const vector = (entries: readonly Code[]): Code => [...unsigned(entries.length), ...entries.flat()];

const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];

const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);

/** LEB128. */
const unsigned = (value: number): Code =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
