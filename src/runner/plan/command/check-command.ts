import type { Diagnostic } from '../../diagnostic.ts';
import { matchesGlob, matchesVisible, unescapedPath } from '../../pipeline-file/glob.ts';
import { projectPath } from '../../pipeline-file/project-path.ts';
import type { Instance, Piece } from '../instance.ts';
import { wordsOfLine } from './shell-line.ts';

/** The project's files, by path from its root, as far as they have been checked. */
interface CommandFiles {
  isFile(path: string): boolean;
  /** Whether a file was created while the stage ran: then it is the stage's output, not its input. */
  isProduct(path: string): boolean;
}

/**
 * A word of a command that is a file of the project but is in neither deps nor code: a change of it would not
 * trigger a rerun. The first word of a list counts by content; that of a line is the shell.
 */
export function checkCommand(instance: Instance, files: CommandFiles): readonly Diagnostic[] {
  const { program } = instance;
  if (program.kind === 'uses') return [];
  return undeclaredPaths(instance)
    .filter((path) => files.isFile(path) && !files.isProduct(path))
    .map((path) => ({
      severity: 'error',
      code: 'undeclared-file',
      message:
        `the command of ${instance.stage} names ${JSON.stringify(path)}, a file of the project that is ` +
        'in neither deps nor code, so a change to it would not trigger a rerun',
      at: program.at,
      help:
        `add code: [${path}] if the program runs it, or add it to deps if the program reads it; if the ` +
        'program writes it, declare it as an out or delete it',
    }));
}

/** Paths that a command names as inputs without declaring them. */
export function undeclaredPaths(instance: Instance): readonly string[] {
  const { program } = instance;
  if (program.kind === 'uses') return [];
  const paths =
    program.kind === 'argv'
      ? program.words.slice(1).flatMap((word) => wordsOfArgument(word))
      : readByLine(lineText(program.words.flat()));
  return [...new Set(paths)].filter((path) => !isDeclared(path, instance));
}

/** A line with the character NUL for each dep and out. */
export const lineText = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : '\0')).join('');

/**
 * Only text can name a file that is not declared: deps and outs are. An option may carry a path:
 * --config=a.yaml.
 */
function wordsOfArgument(word: readonly Piece[]): readonly string[] {
  const [only, ...more] = word;
  if (only?.kind !== 'text' || more.length > 0) return [];
  return pathsIn(only.text);
}

/** What the line writes before it reads it is its own. */
function readByLine(line: string): readonly string[] {
  const written = new Set<string>();
  return wordsOfLine(line)
    .filter(({ text }) => !text.includes('\0'))
    .flatMap(({ text, isWritten }) => {
      const paths = pathsIn(text);
      if (isWritten) for (const path of paths) written.add(path);
      return paths.filter((path) => !written.has(path));
    });
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
    Object.values(deps).some((dep) => dep.kind === 'glob' && matchesVisible(dep.pattern, path)) ||
    code.some(
      ({ value: pattern }) => matchesGlob(pattern, path) || path.startsWith(`${unescapedPath(pattern)}/`),
    )
  );
}
