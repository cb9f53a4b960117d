import type { Value } from '../../../stage/context.ts';
import type { Names, Range, Report } from '../../diagnostic.ts';
import {
  descend,
  textOf,
  unknownReference,
  type Lookup,
  type Reference,
} from '../../pipeline-file/vars/interpolate.ts';
import {
  mapNode,
  type MapNode,
  type Part,
  referenceText,
  type ScalarNode,
} from '../../pipeline-file/yaml/node.ts';
import type { Piece, Program, Word } from '../instance.ts';
import { shellQuoted } from '../../../files/shell-quoted.ts';
import { shellEnclosure } from './shell.ts';

/** What the references of a command can name, beside what `lookup` knows (vars and axes). */
export interface CommandScope {
  readonly lookup: Lookup;
  /** With its references resolved; undefined where the stage has none. */
  readonly params: MapNode | undefined;
  /** The deps by name, and whether each gives many paths. */
  readonly deps: ReadonlyMap<string, { readonly isMany: boolean }>;
  readonly outs: ReadonlySet<string>;
  readonly report: Report;
}

/** The words of a command given as a list. Undefined where a reference has a fault. */
export function argvWords(words: readonly ScalarNode[], scope: CommandScope): readonly Word[] | undefined {
  const pieces = words.map((word) => piecesOf(word, scope, (text) => text));
  for (const [index, word] of pieces.entries()) {
    const gathered = word?.find(
      (piece) => piece.kind === 'dep' && scope.deps.get(piece.name)?.isMany === true,
    );
    if (gathered !== undefined && (word ?? []).length > 1)
      return reportGathered(words[index]?.at, gathered, scope);
  }
  const whole = pieces.filter((word) => word !== undefined);
  return whole.length < pieces.length ? undefined : whole;
}

/**
 * A line for the shell as one word of pieces: values quoted for it, deps and outs to be quoted when their
 * paths are known.
 */
export function shellWords(line: ScalarNode, scope: CommandScope): readonly Word[] | undefined {
  if (misquoted(line.parts ?? [], scope)) return undefined;
  const pieces = piecesOf(line, scope, shellQuoted);
  const crowded = pieces?.find(
    (piece, index) =>
      piece.kind === 'dep' &&
      scope.deps.get(piece.name)?.isMany === true &&
      !(endsWord(pieces[index - 1], /[\s;&|()<>]$/) && endsWord(pieces[index + 1], /^[\s;&|()<>]/)),
  );
  return crowded === undefined ? pieces && [pieces] : reportGathered(line.at, crowded, scope);
}

const endsWord = (piece: Piece | undefined, edge: RegExp): boolean =>
  piece === undefined || (piece.kind === 'text' && edge.test(piece.text));

function reportGathered(at: Range | undefined, piece: Piece, { report }: CommandScope): undefined {
  const name = piece.kind === 'dep' ? piece.name : '';
  report({
    severity: 'error',
    code: 'gather-in-text',
    message: `\${deps.${name}} expands to one word per path and cannot be part of a word`,
    ...(at === undefined ? {} : { at }),
    help: 'write it as a separate word',
  });
}

/** Whether a reference is in a place where quoting cannot protect it: reported. */
function misquoted(parts: readonly Part[], { report }: CommandScope): boolean {
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'text') continue;
    const before = parts[index - 1];
    const enclosure = before?.kind === 'text' ? shellEnclosure(before.text, index > 1) : undefined;
    if (enclosure === undefined) continue;
    report({
      severity: 'error',
      code: 'quoted-reference',
      message:
        `\${${referenceText(part.path)}} is inside ${enclosure}: references in a command line are ` +
        'quoted automatically, so write it outside',
      at: part.at,
      help: enclosure.endsWith('quotes')
        ? 'remove the quotes'
        : 'move it out, into a variable for example: name=${…}',
    });
    return true;
  }
  return false;
}

function piecesOf(
  word: ScalarNode,
  scope: CommandScope,
  quoted: (text: string) => string,
): readonly Piece[] | undefined {
  if (word.parts === null) return [{ kind: 'text', text: word.text }];
  const pieces = word.parts.map((part) => (part.kind === 'text' ? part : pieceOf(part, scope, quoted)));
  const whole = pieces.filter((piece) => piece !== undefined);
  return whole.length < pieces.length ? undefined : joined(whole);
}

/** Adjacent texts are joined: how a command is composed does not matter. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.kind === 'text' && last?.kind === 'text')
      result[result.length - 1] = { kind: 'text', text: last.text + piece.text };
    else result.push(piece);
  }
  return result;
}

function pieceOf(
  reference: Reference,
  scope: CommandScope,
  quoted: (text: string) => string,
): Piece | undefined {
  const [root, name, ...more] = reference.path;
  if (root === 'deps') return namedPiece('dep', name, more, scope.deps, reference, scope.report);
  if (root === 'outs') return namedPiece('out', name, more, scope.outs, reference, scope.report);
  const lookup: Lookup =
    root === 'params'
      ? (of, report) => descend(scope.params ?? noParams(of.at), of, 1, report)
      : scope.lookup;
  const text = textOf(reference, lookup, scope.report);
  return text === undefined ? undefined : { kind: 'text', text: quoted(text) };
}

const noParams = (at: Range): MapNode => mapNode(new Map(), at);

function namedPiece(
  kind: 'dep' | 'out',
  name: string | undefined,
  more: readonly string[],
  known: Names & { has(name: string): boolean },
  { at, path }: Reference,
  report: Report,
): Piece | undefined {
  if (name === undefined || !known.has(name))
    return void report(unknownReference(name ?? '', `in ${kind}s`, known, at));
  if (more.length > 0)
    return void report({
      severity: 'error',
      code: 'unknown-reference',
      message:
        `\${${referenceText(path)}}: ` +
        `${kind === 'out' ? 'an out' : 'a dep'} is a path and has no names or elements`,
      at,
    });
  return { kind, name };
}

/** The paths of deps and outs, from the project root; a dep that gathers and a pattern are lists. */
interface CommandPaths {
  readonly deps: ReadonlyMap<string, string | readonly string[]>;
  readonly outs: ReadonlyMap<string, string>;
}

type Command = Extract<Program, { readonly kind: 'argv' | 'shell' }>;

/**
 * The command to start: the program and its arguments. A dep that gathers, or a pattern, becomes one word for
 * each of its paths.
 */
export function commandArguments(command: Command, paths: CommandPaths): readonly string[] {
  switch (command.kind) {
    case 'argv':
      return command.words.flatMap((word) => {
        const [only, ...more] = word;
        return only !== undefined && more.length === 0
          ? pathsOf(only, paths)
          : [word.map((piece) => pathsOf(piece, paths).join(' ')).join('')];
      });
    case 'shell':
      return [
        ...command.shell,
        command.words
          .flat()
          .map((piece) =>
            piece.kind === 'text' ? piece.text : pathsOf(piece, paths).map(shellQuoted).join(' '),
          )
          .join(''),
      ];
  }
}

function pathsOf(piece: Piece, { deps, outs }: CommandPaths): readonly string[] {
  if (piece.kind === 'text') return [piece.text];
  const path = piece.kind === 'dep' ? deps.get(piece.name) : outs.get(piece.name);
  if (path === undefined) throw new Error(`the plan names a ${piece.kind} ${piece.name} without a path`);
  return (typeof path === 'string' ? [path] : path).map(noOption);
}

/** A path in a form that programs do not take for an option. */
const noOption = (path: string): string => (path.startsWith('-') ? `./${path}` : path);

/**
 * The words for the manifest: literal text, and deps and outs by name, since their paths are not part of the
 * key.
 */
export function manifestWords(command: Command): readonly Value[] {
  const values = command.words.map((word): Value =>
    word.map((piece) => (piece.kind === 'text' ? piece.text : { [piece.kind]: piece.name })),
  );
  return [command.kind, ...values];
}
