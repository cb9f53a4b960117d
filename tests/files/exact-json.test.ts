import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExactJson } from '../../src/files/exact-json.ts';

const valueOf = (text: string): unknown => {
  const parsed = parseExactJson(text, 'x.json');
  return parsed.ok ? parsed.value : parsed.error;
};

test('NaN and infinities of Python are read', () => {
  expect(valueOf('{"a": NaN, "b": [Infinity, -Infinity,NaN]}')).toEqual({
    a: NaN,
    b: [Infinity, -Infinity, NaN],
  });
  expect(valueOf('NaN')).toBeNaN();
  expect(valueOf('\uFEFF-Infinity')).toBe(-Infinity);
});

test('integers beyond 2^53 are exact', () => {
  expect(valueOf('[9007199254740991, 9007199254740993, -12345678901234567890]')).toEqual([
    9007199254740991,
    9007199254740993n,
    -12345678901234567890n,
  ]);
  expect(valueOf('1234567890.1234567890')).toBe(1234567890.1234567);
});

test('strings are unchanged, whatever they contain', () => {
  const strings = [
    'NaN',
    '"NaN"',
    '\\',
    '\\"NaN\\\\',
    '\uF8FFNaN',
    '12345678901234567890',
    '\uF8FF\uF8FF1234567890123456',
  ];
  expect(valueOf(`[NaN,${strings.map((text) => JSON.stringify(text)).join(',')}]`)).toEqual([
    NaN,
    ...strings,
  ]);
  expect(valueOf('[NaN, "\\uF8FFNaN", "\\uf8ff12345678901234567"]')).toEqual([
    NaN,
    '\uF8FFNaN',
    '\uF8FF12345678901234567',
  ]);
});

test('a fault has its position in the original text', () => {
  expect(valueOf('{"a": NaN,\n "b": Infinity, c}')).toMatchObject({ line: 2, column: 17 });
  expect(valueOf('{NaN: 1}')).toMatchObject({ line: 1, column: 2 });
  expect(valueOf('[Nan]')).toMatchObject({ line: 1 });
});

test('plain JSON is read as by JSON.parse', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(!/\d{16}/.test(JSON.stringify(value)));
      const text = JSON.stringify([value, 'NaN 1234567890123456']);
      expect(valueOf(text)).toEqual(JSON.parse(text));
    }),
  );
});
