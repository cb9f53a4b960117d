import { expect, test } from 'vitest';
import { amountOfBytes, numberOfDays } from '../../src/cli/options/quantity.ts';

test('sizes are read in decimal and binary units', () => {
  expect(['512B', '1.5KB', '50GB', '20GiB', '1 TiB'].map(amountOfBytes)).toEqual([
    512,
    1500,
    50e9,
    20 * 2 ** 30,
    2 ** 40,
  ]);
  expect(numberOfDays('30d')).toBe(30);
});

test.each(['50', '50gb', '-1GB', '1iB', '50 GB more', ''])('"%s" is not a size', (text) => {
  expect(() => amountOfBytes(text)).toThrow('expected a size such as');
});

test.each(['30', '3w', '-1d', '1.5d'])('"%s" is not a number of days', (text) => {
  expect(() => numberOfDays(text)).toThrow('expected a number of days');
});
