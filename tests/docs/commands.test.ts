import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pipelineProgram } from '../../src/cli/program.ts';

const page = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

const commands = pipelineProgram().commands.filter((command) => !command.name().startsWith('_'));
const optionsOf = (name: string): readonly string[] =>
  commands.find((command) => command.name() === name)?.options.flatMap(({ long }) => long ?? []) ?? [];

test('docs/commands.md names every command and every option of run', () => {
  const text = page('docs/commands.md');
  const named = [...text.matchAll(/^\| `([a-z][a-z-]*)[^`]*` \|/gm)].map(([, name]) => name);
  expect([...named].sort()).toEqual(
    commands
      .map((command) => command.name())
      .filter((name) => name !== 'complete')
      .sort(),
  );
  for (const option of optionsOf('run')) expect(text, option).toContain(`\`${option}`);
});

test.each([
  'README.md',
  'docs/getting-started.md',
  'templates/starter/README.md',
  'templates/finetune/README.md',
])('every command line in %s is accepted by the program', (path) => {
  const lines = [
    ...page(path).matchAll(
      /(?:npx )?pipeline ((?:run|status|explain|metrics|compare|log|init|doctor)\b[^`\n#&]*)/g,
    ),
  ];
  expect(lines.length).toBeGreaterThan(2);
  for (const [line, words = ''] of lines) {
    const [name = '', ...rest] = words.trim().split(/\s+/);
    const known = [...optionsOf(name), '--help'];
    for (const option of rest.flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []))
      expect(known, line).toContain(option);
  }
});
