import { expect, test } from 'vitest';
import { portNumber } from '../../src/cli/options/port-number.ts';

test('a port is a number up to 65535, and 0 is any free one', () => {
  expect(['0', '1', '65535'].map(portNumber)).toEqual([0, 1, 65_535]);
});

test.each(['65536', '-1', '80.5', 'http', ''])('"%s" is not a port', (text) => {
  expect(() => portNumber(text)).toThrow(/expected a/);
});
