import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rows = readFileSync(join(root, 'docs/field-reports.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('every row of docs/field-reports.md has a kind, a public report, a guarantee and existing tests', () => {
  expect(rows.length).toBeGreaterThan(2);
  for (const [kind = '', reported = '', guarantee = '', tests = '', ...more] of rows) {
    expect(more).toEqual([]);
    expect(kind).not.toBe('');
    expect(reported).toMatch(/\]\(https:\/\//);
    expect(guarantee).not.toBe('');
    const named = [...tests.matchAll(/`(tests\/[^`]+)`/g)].map(([, file = '']) => file);
    expect(named).not.toEqual([]);
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  }
});
