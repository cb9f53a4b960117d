import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/runner-guarantees.md'), 'utf8');
const named = [...page.matchAll(/^- `(tests\/[\w/-]+\.test\.ts)` — "(.+)"$/gm)].map(
  ([, file = '', name = '']) => ({ file, name }),
);

test('every test that docs/runner-guarantees.md names exists', () => {
  expect(named).toHaveLength(page.match(/^- /gm)?.length ?? 0);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ file, name }) => !readFileSync(join(root, file), 'utf8').includes(name))).toEqual(
    [],
  );
});

test('every guarantee names a test', () => {
  const guarantees = page
    .split('\n')
    .flatMap((line, index, lines) => (line.startsWith('**') ? [{ line, next: lines[index + 1] ?? '' }] : []));
  expect(guarantees.filter(({ next }) => !next.startsWith('- `tests/')).map(({ line }) => line)).toEqual([]);
});
