import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandText, quotedCommand } from '../../src/runner/wording/command-text.ts';

/** The arguments that a shell gives a command line, each line of them for one command. */
function argumentsIn(commands: readonly string[]): readonly (readonly string[])[] {
  const script = `pipeline() { printf '%s\\0' "$@"; printf '\\n\\0'; }\n${commands.join('\n')}`;
  const words = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0');
  const lists: string[][] = [[]];
  for (const word of words.slice(0, -1))
    if (word === '\n') lists.push([]);
    else lists.at(-1)?.push(word);
  return lists.slice(0, -1);
}

describe('a command in a message', () => {
  test('names the pipeline as its reader did', () => {
    expect(commandText(undefined, 'run')).toBe('pipeline run');
    expect(quotedCommand({ file: 'experiments/a.yaml' }, 'run --adopt', ['train[aimc,lora]'])).toBe(
      '`pipeline run --adopt train:aimc,lora --file experiments/a.yaml`',
    );
    expect(commandText({ file: 'my file.yaml', set: ['vars.seed=7', 'vars.name=a b'] }, 'log', ['a'])).toBe(
      "pipeline log a --file 'my file.yaml' --set vars.seed=7 --set 'vars.name=a b'",
    );
  });

  test('reaches the program word for word from a shell, whatever the names', () => {
    const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\0\r\n]/.test(text));
    const typed = fc.record({ file: word, set: fc.array(word, { maxLength: 2 }) });
    const requests = fc.sample(typed, { numRuns: 200, seed: 1 });
    const expected = requests.map(({ file, set }) => [
      'run',
      '--file',
      file,
      ...set.flatMap((override) => ['--set', override]),
    ]);
    expect(argumentsIn(requests.map((request) => commandText(request, 'run')))).toEqual(expected);
  });
});

test('no message spells out a command that takes --file: it would mean another pipeline file', () => {
  const spelled = sourcesOf('src').flatMap(({ path, text }) =>
    messageLines(text).flatMap((line) => (spelledCommand.test(line) ? [`${path}: ${line.trim()}`] : [])),
  );
  expect(spelled.filter((line) => !mayBeSpelled.some((allowed) => line.includes(allowed)))).toEqual([]);
});

const spelledCommand =
  /`?pipeline (run|status|explain|graph|estimate|cancel|log|history|metrics|compare|results|report|export|ask|export-model|push-model|verify|gc|push|pull|remote) ?/;

/** Those that have no other pipeline file: doctor has no --file, and init made the project just now. */
const mayBeSpelled = ['src/cli/doctor/', 'src/cli/commands/init.ts'];

/** A source without its comments and without the examples and options of the help. */
const messageLines = (text: string): readonly string[] =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^ *(\/\/|--).*$/gm, '')
    .replace(/\.addHelpText\([\s\S]*?\n? *\)\n? *\./g, '.')
    .split('\n')
    .filter((line) => !/\.option\(|new Option\(|\(see `pipeline history`\)'/.test(line));

const sourcesOf = (folder: string): readonly { readonly path: string; readonly text: string }[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return /\.tsx?$/.test(entry.name) ? [{ path, text: readFileSync(path, 'utf8') }] : [];
  });
