import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  couldReach,
  matchesGlob,
  matchesVisible,
  matchesWildcards,
} from '../../src/runner/pipeline-file/glob.ts';

test.each<readonly [string, string, boolean]>([
  ['train.py', 'train.py', true],
  ['train.py', 'a/train.py', false],
  ['*.py', 'train.py', true],
  ['*.py', 'a/train.py', false],
  ['**/*.py', 'a/b/train.py', true],
  ['**/*.py', 'train.py', true],
  ['src/**', 'src/a/b', true],
  ['src/**', 'src', true],
  ['src/**', 'srcs/a', false],
  ['src/**/x', 'src/x', true],
  ['src/**/x', 'src/a/b/x', true],
  ['src/**/x', 'src/a/b/y', false],
  ['a/**/b/**/c', 'a/1/b/2/3/c', true],
  ['?.py', 'a.py', true],
  ['?.py', 'ab.py', false],
  ['?', '😀', true],
  ['*', '.hidden', true],
  ['a.c', 'abc', false],
  ['[a]', 'a', false],
  ['[a]', '[a]', true],
  ['[*].py', '*.py', true],
  ['[*].py', 'a.py', false],
  ['[?]/[*]*', '?/*ab', true],
  ['a[[*]]', 'a[*]', true],
  ['[**]', '[ab]', true],
  ['**', 'a/b', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbY', false],
])('%s and %s: %s', (pattern, path, expected) => {
  expect(matchesGlob(pattern, path)).toBe(expected);
});

test('wildcards match like their regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (wanted, given) => {
      const expression = new RegExp(`^${wanted.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(matchesWildcards(wanted, given)).toBe(expression.test(given));
    }),
    { numRuns: 3_000 },
  );
});

test('path parts match like their regular expression', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 5 });
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '**', 'a*'), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(pattern, path, (wanted, given) => {
      const expression = new RegExp(
        '^' +
          `${wanted.map((part) => (part === '**' ? '(?:[^/]+/)*' : `${part.replaceAll('*', '[^/]*')}/`)).join('')}` +
          '$',
      );
      expect(matchesGlob(wanted.join('/'), given.join('/'))).toBe(expression.test(`${given.join('/')}/`));
    }),
    { numRuns: 3_000 },
  );
});

test('a pattern designed to be slow is fast', () => {
  expect(matchesWildcards(`${'a*'.repeat(50)}b`, 'a'.repeat(5_000))).toBe(false);
  expect(matchesGlob(`${'**/a/'.repeat(50)}b`, Array(500).fill('a').join('/'))).toBe(false);
});

test.each<readonly [string, string, boolean]>([
  ['*', '.hidden', false],
  ['.*', '.hidden', true],
  ['**', '.git/config', false],
  ['**/*.csv', 'a/.b/c.csv', false],
  ['**/.b/*', 'a/.b/c.csv', true],
])('as in shells, %s and %s: %s', (pattern, path, expected) => {
  expect(matchesVisible(pattern, path)).toBe(expected);
});

test.each<readonly [string, string, boolean]>([
  ['data/*.csv', 'data', true],
  ['data/*.csv', 'data/x.csv', true],
  ['data/*.csv', 'data/x.txt', false],
  ['data/*.csv', 'data/x.csv/y', false],
  ['data/*/x.csv', 'data/a', true],
  ['data/**/x.csv', 'data/a/b', true],
  ['data/**', 'date', false],
])('whether %s could match %s or a path below it: %s', (pattern, path, expected) => {
  expect(couldReach(pattern, path)).toBe(expected);
});

test('every parent folder of a match could contain a match', () => {
  const part = fc.stringMatching(/^[ab.*]{1,3}$/);
  const name = fc.stringMatching(/^[ab.]{1,3}$/);
  const pattern = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(pattern, fc.array(name, { minLength: 1, maxLength: 4 }), (parts, names) => {
      fc.pre(matchesVisible(parts.join('/'), names.join('/')));
      expect(matchesGlob(parts.join('/'), names.join('/'))).toBe(true);
      for (const length of names.keys())
        expect(couldReach(parts.join('/'), names.slice(0, length + 1).join('/'))).toBe(true);
    }),
  );
});
