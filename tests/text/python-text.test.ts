import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isPythonSpace,
  pythonLower,
  pythonSplit,
  pythonStrip,
  pythonStripEnd,
  pythonStripStart,
} from '../../src/ml/text/python-text.ts';

/** `[hex(c) for c in range(0x110000) if chr(c).isspace()]` of CPython 3.11. */
const spaces =
  '9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a ' +
  '2028 2029 202f 205f 3000';

test("white space is CPython's, over all UTF-16 units", () => {
  const found = Array.from({ length: 0x10000 }, (_, code) => code).filter(isPythonSpace);
  expect(found.map((code) => code.toString(16)).join(' ')).toBe(spaces);
});

test("lower-casing equals CPython's for letters that need more than a table", () => {
  const cases = [
    ['ΑΣ', 'ας'],
    ['ΑΣ.', 'ας.'],
    ['ΑΣΑ', 'ασα'],
    ['Σ', 'σ'],
    ['A\u00ADΣ\u0301', 'a\u00ADς\u0301'],
    ['İ', 'i\u0307'],
    ['\u212A', 'k'],
    ['ẞ', 'ß'],
    ['I', 'i'],
  ];
  expect(cases.map(([upper]) => pythonLower(upper ?? ''))).toEqual(cases.map(([, lower]) => lower));
});

test('splitting and stripping use the white space of Python, not of JavaScript', () => {
  expect(pythonSplit('\u001Ca\u0085b\uFEFF c\u3000\n')).toEqual(['a', 'b\uFEFF', 'c']);
  expect(pythonSplit(' \t\n')).toEqual([]);
  expect(pythonSplit('')).toEqual([]);
  expect(pythonStrip('\u001F\u2029 \uFEFFa b\uFEFF\u0085')).toBe('\uFEFFa b\uFEFF');
  expect(pythonStrip('\u001C')).toBe('');
});

test('splitting keeps everything but white space, in order', () => {
  const text = fc
    .array(fc.constantFrom('a', 'é', '中', '😀', ' ', '\u0085', '\u001C', '\uFEFF', '\u3000', '\n'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (value) => {
      const words = pythonSplit(value);
      expect(words.join('')).toBe(
        [...value].filter((character) => !isPythonSpace(character.charCodeAt(0))).join(''),
      );
      expect(words).not.toContain('');
      expect(pythonSplit(pythonStrip(value))).toEqual(words);
      expect(pythonStrip(value).length).toBeGreaterThanOrEqual(words.join('').length);
    }),
  );
});

test('stripping one side leaves the other', () => {
  expect(pythonStripStart('\u3000\t a b \u0085')).toBe('a b \u0085');
  expect(pythonStripEnd('\u3000\t a b \u0085')).toBe('\u3000\t a b');
  expect([pythonStripStart(' \n'), pythonStripEnd(' \n'), pythonStripStart(''), pythonStripEnd('')]).toEqual([
    '',
    '',
    '',
    '',
  ]);
});
