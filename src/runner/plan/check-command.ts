import type { Diagnostic } from '../diagnostic.ts';
import { matchesGlob } from '../pipeline-file/glob.ts';
import { projectPath } from '../pipeline-file/project-path.ts';
import type { Instance, Piece } from './instance.ts';

/**
 * A word of a command that is a file of the project, and stands in neither deps nor code: a change of it would run
 * nothing again. `isFile` is asked for paths from the project root. The first word of a list counts by content; of a line
 * that is the shell.
 */
export function checkCommand(instance: Instance, isFile: (path: string) => boolean): readonly Diagnostic[] {
  const { program } = instance;
  if (program.kind === 'uses') return [];
  const words =
    program.kind === 'argv'
      ? program.words.slice(1).flatMap((word) => wordsOfArgument(word))
      : wordsOfLine(program.words.flat());
  const undeclared = [...new Set(words)].filter((path) => isFile(path) && !isDeclared(path, instance));
  return undeclared.map((path) => ({
    severity: 'error',
    code: 'undeclared-file',
    message: `the command of ${instance.stage} names ${JSON.stringify(path)}, a file of the project that stands in neither deps nor code: a change of it would run nothing again`,
    at: program.at,
    help: `add code: [${path}] if the program runs it, or name it in deps if it reads it`,
  }));
}

/** Only text can name a file that is not declared: deps and outs are. An option may carry a path: --config=a.yaml. */
function wordsOfArgument(word: readonly Piece[]): readonly string[] {
  const [only, ...more] = word;
  if (only?.kind !== 'text' || more.length > 0) return [];
  return pathsIn(only.text);
}

/** The words of a line as far as they can be told without being the shell. */
function wordsOfLine(pieces: readonly Piece[]): readonly string[] {
  const line = pieces.map((piece) => (piece.kind === 'text' ? piece.text : '\0')).join('');
  const words = line.match(/(?:'[^']*'|"[^"]*"|\\.|[^\s;&|()<>'"\\])+/g) ?? [];
  return words
    .filter((word) => !word.includes('\0'))
    .flatMap((word) => pathsIn(word.replace(/'([^']*)'|"([^"]*)"|\\(.)/g, '$1$2$3')));
}

function pathsIn(word: string): readonly string[] {
  const equals = word.indexOf('=');
  return [word, ...(equals < 0 ? [] : [word.slice(equals + 1)])].flatMap((text) => {
    const path = projectPath(text);
    return path.ok ? [path.value] : [];
  });
}

function isDeclared(path: string, { deps, outs, program }: Instance): boolean {
  const code = program.kind === 'uses' ? [] : program.code;
  const declared = [
    ...Object.values(deps).flatMap((dep) => (dep.kind === 'path' ? [dep.path] : [])),
    ...Object.values(outs).map((out) => out.path),
  ];
  return (
    declared.some((other) => other === path || path.startsWith(`${other}/`)) ||
    code.some(({ value: pattern }) => matchesGlob(pattern, path) || path.startsWith(`${pattern}/`))
  );
}
