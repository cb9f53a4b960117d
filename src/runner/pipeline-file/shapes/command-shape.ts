import type { Located, Range } from '../../diagnostic.ts';
import type { ScalarNode } from '../yaml/node.ts';
import { choice, lateText, listOf, map, text, type Shape } from './shape.ts';

type Command =
  | { readonly kind: 'argv'; readonly words: readonly ScalarNode[]; readonly at: Range }
  | { readonly kind: 'shell'; readonly line: ScalarNode; readonly at: Range };

/** `cmd`: words, or a line. */
export const commandShape: Shape<Command> = choice(
  'a list of words, or a line for the shell',
  {
    shell: map(lateText('a line for the shell'), (line): Command => ({ kind: 'shell', line, at: line.at })),
    argv: map(listOf('a list of words', lateText('a word')), (words, { at }, report): Command | undefined =>
      words.length > 0
        ? { kind: 'argv', words, at }
        : void report({
            severity: 'error',
            code: 'empty-command',
            message: 'a command needs at least the name of a program',
            at,
          }),
    ),
  },
  (node) => (node.kind === 'list' ? 'argv' : 'shell'),
);

/** Shells that parse a quoted word as POSIX does, so that no value becomes code. */
const posixShells = ['sh', 'bash', 'dash', 'ksh', 'mksh', 'zsh', 'ash', 'yash'];

/** `shell`: what runs a line. */
export const shellShape: Shape<Located<readonly string[]>> = map(
  listOf('a shell and its options: [bash, -euo, pipefail, -c]', text),
  (words, { at }, report) => {
    const values = words.map(({ value }) => value);
    const name = values[0]?.split('/').at(-1) ?? '';
    if (posixShells.includes(name) && values.slice(1).some((option) => /^-\w*c$/.test(option)))
      return { value: values, at };
    return void report({
      severity: 'error',
      code: 'bad-shell',
      message:
        `expected a shell with POSIX quoting (${posixShells.join(', ')}) and its options, including ` +
        '-c: the line of cmd becomes its last argument',
      at: words[0]?.at ?? at,
      help: 'to run a line with another program, write cmd as a list: [fish, -c, "…"]',
    });
  },
);
