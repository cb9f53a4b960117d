import { expect, test } from 'vitest';
import { nearest } from '../../src/runner/pipeline-file/nearest.ts';

const known = ['matrix', 'params', 'deps', 'outs', 'description', 'resources'];

test.each([
  ['matrx', 'matrix'],
  ['parmas', 'params'],
  ['Params', 'params'],
  ['dep', 'deps'],
  ['ressources', 'resources'],
  ['desciption', 'description'],
])('%s is similar to %s', (name, like) => {
  expect(nearest(name, known)).toBe(like);
});

test.each(['xyz', '', 'completely-different', 'a'.repeat(100_000)])('%.20s is similar to none', (name) => {
  expect(nearest(name, known)).toBeUndefined();
});

test('the nearest of several, and never the name itself', () => {
  expect(nearest('gs_1', ['gs_1', 'gs_12', 'lora'])).toBe('gs_12');
  expect(nearest('model', ['modal', 'models', 'mode'])).toBe('modal');
});
