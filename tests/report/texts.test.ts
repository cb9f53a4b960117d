import { expect, test } from 'vitest';
import { counted } from '../../src/runner/report/counted.ts';
import { durationText } from '../../src/runner/report/duration-text.ts';
import { sizeText } from '../../src/runner/report/size-text.ts';
import { wrapped } from '../../src/runner/report/wrapped.ts';

test.each([[0.04, '0.0 s'], [9.94, '9.9 s'], [9.96, '10 s'], [59.6, '1 min 00 s'], [125, '2 min 05 s'], [3599.7, '1 h 00 min'], [4320, '1 h 12 min']])('%d seconds read %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test.each([[0, '0 B'], [512, '512 B'], [1024, '1.0 KiB'], [1_363_149, '1.3 MiB'], [2 ** 40 * 3000, '3000 TiB']])('%d bytes read %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  ['one two three four', 9, ['one two', '  three', '  four']],
  ['a-word-that-is-wider and', 5, ['a-word-that-is-wider', '  and']],
  ['short', Infinity, ['short']],
])('%j in lines of %d columns', (text, width, lines) => {
  expect(wrapped(text, width)).toEqual(lines);
});

test.each([[0, '0 faults'], [1, '1 fault'], [2, '2 faults']])('%d of a thing reads %s', (count, text) => {
  expect(counted(count, 'fault')).toBe(text);
});
