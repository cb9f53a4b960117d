import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitignoreRules, ignoringRule } from '../../src/runner/workspace/ignore/gitignore.ts';

const isIgnored = (text: string, path: string): boolean =>
  ignoringRule(gitignoreRules(text), path) !== undefined;

test.each<readonly [string, string, boolean]>([
  ['a', 'a', true],
  ['a', 'x/a', true],
  ['a', 'a/b', true],
  ['a/', 'a', false],
  ['a/', 'a/', true],
  ['/a', 'x/a', false],
  ['x/a', 'x/a', true],
  ['x/a', 'y/x/a', false],
  ['*.log', 'x/y.log', true],
  ['x/*', 'x/y/z', true],
  ['x/**', 'x/', false],
  ['x/**', 'x/y', true],
  ['**/x', 'a/b/x', true],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['*\n!keep', 'keep', false],
  ['x/\n!x/keep', 'x/keep', true],
  ['#a', '#a', false],
  ['\\#a', '#a', true],
  ['\\!a', '!a', true],
  ['a ', 'a', true],
  ['a\\ ', 'a ', true],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[]x]', ']', true],
  ['.*.sw[a-p]', '.notes.swp', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['a?c', 'a/c', false],
  ['A', 'a', false],
  ['a\r\nb', 'a', true],
])('%j and %j: %s', (text, path, expected) => {
  expect(isIgnored(text, path)).toBe(expected);
});

const golden: {
  readonly paths: readonly string[];
  readonly cases: readonly { readonly rules: readonly string[]; readonly ignored: readonly string[] }[];
} = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/gitignore.json'), 'utf8'));

test.each(golden.cases.map((each) => [each.rules.join('\n'), each.ignored] as const))(
  'git decides as %j',
  (text, ignored) => {
    expect(golden.paths.filter((path) => isIgnored(text, path))).toEqual(ignored);
  },
);

test('a rule designed to be slow is fast', () => {
  const name = 'a'.repeat(250);
  expect(isIgnored(`${'a*'.repeat(100)}b`, name)).toBe(false);
  expect(isIgnored(`${'**/'.repeat(100)}b`, `${'a/'.repeat(200)}c`)).toBe(false);
  expect(isIgnored(`${'[a-z]*'.repeat(60)}!`, name)).toBe(false);
});
