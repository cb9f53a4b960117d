import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pythonPattern } from '../../src/ml/text/python-pattern.ts';

interface Line {
  readonly pattern: string;
  readonly error?: string;
  readonly full?: readonly string[];
  readonly match?: readonly (Readonly<Record<string, string>> | null)[];
}

const golden: { readonly texts: readonly string[]; readonly patterns: readonly Line[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/python-patterns.json'), 'utf8'),
);

/** What Python has and RE2 has not. */
const inexpressible = /\(\?(?:[=!>(]|<[=!]|P=)|\\1$|[+*}]\+$|\\N\{|^\(\?x\)/;

describe('a pattern matches as in Python, or is refused by name', () => {
  test.each(golden.patterns.map((line) => [line.pattern, line] as const))('%s', (pattern, line) => {
    const compiled = pythonPattern(pattern);
    if (line.error !== undefined || inexpressible.test(pattern)) {
      expect(compiled).toMatchObject({ ok: false, error: expect.stringContaining(JSON.stringify(pattern)) });
      return;
    }
    if (!compiled.ok) throw new Error(compiled.error);
    expect(golden.texts.filter(compiled.value.fullMatch)).toEqual(line.full);
    expect(
      golden.texts.map((text) => {
        const groups = compiled.value.matchStart(text);
        return groups === undefined ? null : Object.fromEntries(groups);
      }),
    ).toEqual(line.match);
  });
});

test.each([
  ['(?=a)b', 'a look-ahead'],
  ['(?<!a)b', 'a look-behind'],
  ['(a)\\1', 'the back reference "\\1"'],
  ['(?P<n>a)(?P=n)', 'a back reference'],
  ['(?>a)', 'an atomic group'],
  ['a++', 'a possessive repetition'],
  ['(a)(?(1)b)', 'a condition'],
  ['(?x)a', 'the flag "x"'],
  ['a{2000}', 'repeats 2000 times'],
  ['a(?i)', 'after its start'],
  [`${'a'.repeat(20_001)}`, 'has 20001 characters'],
])('%s is refused as %s', (pattern, why) => {
  expect(pythonPattern(pattern)).toMatchObject({ ok: false, error: expect.stringContaining(why) });
});
