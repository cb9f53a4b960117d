import { memoize } from '../../../memory.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { lineText } from '../../plan/command/check-command.ts';
import { wordsOfLine } from '../../plan/command/shell-line.ts';
import type { Plan, Program, Word } from '../../plan/instance.ts';
import {
  executableName,
  executablePlaces,
  isExecutable,
  noSuchProgram,
} from '../../programs/command-program.ts';
import { interpreterFault } from '../../programs/interpreter-fault.ts';
import type { CheckedPlan } from './checked-plan.ts';

type CommandProgram = Exclude<Program, { kind: 'uses' }>;

/**
 * Commands whose first word is not a program that can be found, each name looked up once. A shell line is
 * left to the shell, and a program that a stage may still make is not missing.
 */
export function executableFaults({
  workspace,
  plan,
  instances,
  environment,
}: Pick<CheckedPlan, 'workspace' | 'plan' | 'instances' | 'environment'>): readonly Diagnostic[] {
  const path = environment['PATH'];
  const isMissing = memoize((name: string) => {
    const places = executablePlaces(workspace, name, path);
    return !places.some((place) => isExecutable(workspace, place)) && !isMade(plan, places);
  });
  const scriptFault = memoize((name: string) => {
    const place = executablePlaces(workspace, name, path).find((one) => isExecutable(workspace, one));
    return place === undefined ? undefined : interpreterFault(workspace, place, path);
  });
  return instances.flatMap(({ program }): readonly Diagnostic[] => {
    const name = program.kind === 'uses' ? undefined : nameIn(program);
    if (program.kind === 'uses' || name === undefined) return [];
    const at = program.kind === 'argv' ? program.executableAt : program.at;
    if (isMissing(name)) {
      const fault = { ...noSuchProgram(workspace, name), ...severalCommands(program, name) };
      return [{ severity: 'error', code: 'missing-program', ...fault, at }];
    }
    return startedFiles(program, name).flatMap((file): readonly Diagnostic[] => {
      const fault = scriptFault(file);
      return fault === undefined ? [] : [{ severity: 'error', code: 'bad-interpreter', ...fault, at }];
    });
  });
}

/** Whether a stage makes what is to be at one of some places. */
const isMade = ({ instances }: Plan, places: readonly string[]): boolean =>
  instances.some(({ outs }) =>
    Object.values(outs).some((out) =>
      places.some((place) => place === out.path || place.startsWith(`${out.path}/`)),
    ),
  );

/** The name of a command's program; undefined: a path that is known only when the stage starts. */
function nameIn(program: CommandProgram): string | undefined {
  const first = program.kind === 'argv' ? (program.words[0] ?? []) : [];
  if (first.every(({ kind }) => kind === 'text')) return executableName(program);
  // A command precedes the path.
  return first[0]?.kind === 'text' && /\S\s/.test(first[0].text) ? lineOf(first) : undefined;
}

/** In other tools the words of a list are commands. */
function severalCommands(program: CommandProgram, name: string): { readonly help?: string } {
  if (program.kind !== 'argv' || !/\s/.test(name)) return {};
  return {
    help:
      'a list is one program with its arguments; write several commands as a text, in which every line ' +
      `must succeed: cmd: ${JSON.stringify(program.words.map(lineOf).join('\n'))}`,
  };
}

/** A word, unresolved. */
const lineOf = (word: Word): string =>
  word.map((piece) => (piece.kind === 'text' ? piece.text : `\${${piece.kind}s.${piece.name}}`)).join('');

/**
 * What a command starts by name: the program of a list; in a line the words at the places where a program is
 * expected.
 */
const startedFiles = (program: CommandProgram, name: string): readonly string[] =>
  program.kind === 'argv'
    ? [name]
    : wordsOfLine(lineText(program.words.flat())).flatMap(({ text, isCommand }) =>
        isCommand && text.includes('/') && !text.includes('\0') ? [text] : [],
      );
