import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/commands/run.ts';

test('docs/commands.md lists every option of run', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');
  const section = docs.slice(docs.indexOf('## Options of run'), docs.indexOf('## Exit codes'));
  const options = runCommand().options.map(({ long }) => long ?? '');
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter((option) => !section.includes(`\`${option}`))).toEqual([]);
});
