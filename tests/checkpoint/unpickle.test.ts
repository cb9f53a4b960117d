import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Pickled, unpickle } from '../../src/ml/checkpoint/unpickle.ts';
import { messageOf, valueOf } from './value-of.ts';

/** A pickle from its parts: opcodes as characters or numbers. */
const pickle = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat([
    Buffer.of(0x80, 2),
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.of(part))),
    Buffer.from('.'),
  ]);

const allowNothing = (): boolean => false;
const read = (...parts: readonly (string | number)[]) =>
  valueOf(unpickle(pickle(...parts), allowNothing)).value;
const refusal = (...parts: readonly (string | number)[]) =>
  messageOf(unpickle(pickle(...parts), allowNothing));

test('numbers, texts and containers', () => {
  expect(read('K', 7)).toBe(7);
  expect(read('J', '\xfe\xff\xff\xff')).toBe(-2);
  expect(read(0x8a, 2, '\x00\x80')).toBe(-32768);
  expect(read(0x8a, 9, '\x01\x00\x00\x00\x00\x00\x00\x00\x01')).toBe(2n ** 64n + 1n);
  expect(read(0x8a, 0)).toBe(0);
  expect(read('G', '\x3f\xf8\x00\x00\x00\x00\x00\x00')).toBe(1.5);
  expect(read('X', '\x03\x00\x00\x00a\xc3\xa9')).toBe('aé');
  expect(read('(K', 1, 'K', 2, 't')).toEqual({ kind: 'tuple', items: [1, 2] });
  expect(read('](K', 1, 'K', 2, 'e')).toEqual({ kind: 'list', items: [1, 2] });
  expect(read('}(U', 1, 'aK', 1, 'u')).toEqual({ kind: 'dict', entries: new Map([['a', 1]]) });
});

test('protocol 0 writes all of these as lines of text', () => {
  expect(read('(lp0\nI7\naL18446744073709551617L\naF1.5\naI01\naV\\u00e9\nag0\na')).toMatchObject({
    kind: 'list',
    items: [7, 2n ** 64n + 1n, 1.5, true, 'é', { kind: 'list' }],
  });
  expect(refusal('(dp0\nVweight\np1\ncposix\nsystem\np2\n(Vtrue\ntRs')).toContain('asks for "posix.system"');
  expect(refusal('Iseven\n')).toContain('"seven" as an integer');
});

describe('lines of protocol 0 are read, or refused, as by Python', () => {
  const tables: Readonly<Record<string, readonly { readonly line: string; readonly value?: string }[]>> =
    JSON.parse(readFileSync(join(import.meta.dirname, '../golden/pickle-lines.json'), 'utf8'));
  test.each([
    ['FLOAT', 'F'],
    ['INT', 'I'],
    ['STRING', 'S'],
    ['UNICODE', 'V'],
  ])('%s', (name, opcode) => {
    const isText = name === 'STRING' || name === 'UNICODE';
    const found = (tables[name] ?? []).map(({ line }) => {
      const result = unpickle(pickle(opcode, line, '\n'), allowNothing);
      return {
        line,
        ...(result.ok ? { value: isText ? result.value.value : pythonRepr(result.value.value) } : {}),
      };
    });
    expect(found).toEqual(
      (tables[name] ?? []).map(({ line, value }) => ({
        line,
        ...(value === undefined ? {} : { value: isText ? value : pythonRepr(pythonValue(value)) }),
      })),
    );
    expect(found.length).toBeGreaterThan(10);
  });

  const pythonValue = (text: string): Pickled =>
    text === 'True' || text === 'False'
      ? text === 'True'
      : /^-?\d{16,}$/.test(text)
        ? BigInt(text)
        : Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'));
  const pythonRepr = (value: Pickled): string =>
    Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`;
});

test('strings of Python 2 are UTF-8, as in torch; other bytes are refused', () => {
  expect(read('U', 2, '\xc3\xa9')).toBe('é');
  expect(refusal('U', 1, '\xe9')).toMatch(/text at byte \d+ that is not UTF-8/);
  expect(refusal('X', '\x01\x00\x00\x00\xe9')).toMatch(/not UTF-8/);
});

test('a memoized value is recalled as itself', () => {
  expect(read(']q', 5, '0h', 5, 'h', 5, 0x86)).toEqual({
    kind: 'tuple',
    items: [
      { kind: 'list', items: [] },
      { kind: 'list', items: [] },
    ],
  });
});

test('a second pickle starts where the first ends', () => {
  const both = Buffer.concat([pickle('K', 1), pickle('K', 2)]);
  const first = valueOf(unpickle(both, allowNothing));
  expect(valueOf(unpickle(both, allowNothing, first.end))).toEqual({ value: 2, end: both.length });
});

test.each([
  ['GLOBAL', ['cos\nsystem\n'], 'os.system'],
  ['STACK_GLOBAL', [0x8c, 2, 'os', 0x8c, 6, 'system', 0x93], 'os.system'],
  ['INST', ['(ibuiltins\neval\n'], 'builtins.eval'],
])('%s is refused, with the name that it requests', (_, parts, name) => {
  expect(refusal(...parts)).toContain(`asks for "${name}"`);
});

test('only allowed names pass, and they are not called', () => {
  const parts = pickle('cos\nsystem\n', 'U', 2, 'ls', 0x85, 'R');
  expect(valueOf(unpickle(parts, (name) => name === 'os.system')).value).toEqual({
    kind: 'call',
    callee: 'os.system',
    inputs: ['ls'],
  });
});

test.each([
  ['an opcode that makes objects', [')', 0x81], /opcode 0x81/],
  ['an opcode that is none', [0xff], /opcode 0xff/],
  ['taking from an empty stack', ['0'], /pops more values than it has pushed/],
  ['taking from below a mark', ['K', 1, '(', 0x85], /pops more values than it has pushed/],
  ['a mark that was never set', ['t'], /lacks a mark/],
  ['recalling what was not kept', ['h', 9], /reads memo entry 9/],
  ['a text longer than the pickle', ['X', '\xff\xff\xff\xff'], /inside an opcode/],
  ['calling a number', ['K', 1, ')R'], /not a function/],
  ['appending to a number', ['K', 1, 'K', 2, 'a'], /not a list/],
  ['attributes of a number', ['K', 1, '}b'], /not a dict/],
])('%s is refused', (_, parts, says) => {
  expect(refusal(...parts)).toMatch(says);
});

test('a pickle that grows without limit is stopped', () => {
  expect(messageOf(unpickle(Buffer.alloc(2_000_000, '}'), allowNothing))).toMatch(
    /more than 1000000 opcodes/,
  );
});
