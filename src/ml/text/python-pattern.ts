import { RE2JS } from 're2js';
import type { Result } from '../../result.ts';

/**
 * A compiled regular expression of Python. It runs on RE2, whose time is proportional to the length of the
 * text times the size of the pattern, so a pattern out of a file cannot hang a process.
 */
export interface PythonPattern {
  /** As `re.fullmatch(pattern, text) is not None`. */
  readonly fullMatch: (text: string) => boolean;
  /**
   * The named groups of `re.match(pattern, text)`, which need not reach the end of the text; undefined
   * without a match.
   */
  readonly matchStart: (text: string) => ReadonlyMap<string, string> | undefined;
  /** How many instructions RE2 runs for a character at most. */
  readonly size: number;
}

/**
 * Compiles a pattern as Python's `re` (3.11) reads it, for texts of ASCII such as names of modules. The error
 * names what RE2 cannot express (look-around, back references, possessive repetition) and what Python refuses
 * too.
 */
export function pythonPattern(source: string): Result<PythonPattern> {
  if (source.length > longestPattern)
    return refused(
      `${JSON.stringify(source.slice(0, 40))}… has ${source.length} characters: at most ` +
        `${longestPattern} are allowed`,
    );
  const translated = translate(source);
  if (!translated.ok) return refused(`the pattern ${JSON.stringify(source)} ${translated.error}`);
  try {
    const compiled = RE2JS.compile(translated.value);
    const names = Object.keys(compiled.namedGroups());
    return {
      ok: true,
      value: {
        fullMatch: (text) => compiled.matches(text),
        matchStart: (text) => {
          const matcher = compiled.matcher(text);
          if (!matcher.lookingAt()) return undefined;
          return new Map(names.map((name) => [name, matcher.group(name) ?? '']));
        },
        size: compiled.programSize(),
      },
    };
  } catch (error) {
    return refused(
      `the pattern ${JSON.stringify(source)} is not a regular expression: ` +
        `${error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)}`,
    );
  }
}

/** Longer than any pattern of a published adapter; a text of this length compiles in milliseconds. */
const longestPattern = 20_000;

const refused = (error: string): Result<never> => ({ ok: false, error });

/**
 * The pattern in the syntax of RE2, where the two differ. The error names the unsupported part of the
 * pattern.
 */
function translate(source: string): Result<string> {
  let out = '';
  for (let at = 0; at < source.length;) {
    const part = partAt(source, at, out === '' || /^(?:\(\?[ims]+\))+$/.test(out));
    if (!part.ok) return part;
    out += part.value.text;
    at = part.value.end;
  }
  return { ok: true, value: out };
}

interface Part {
  readonly text: string;
  /** Where the rest of the pattern starts. */
  readonly end: number;
}

/** Translates one part: an escape, a class, the start of a group, a repetition or a character. */
function partAt(source: string, at: number, isFirst: boolean): Result<Part> {
  switch (source[at]) {
    case '\\':
      return escapeAt(source, at, 'outside');
    case '[':
      return classAt(source, at);
    case '(':
      return source[at + 1] === '?' ? groupAt(source, at, isFirst) : part('(', at + 1);
    case '*':
    case '+':
    case '?':
    case '{':
      return repetitionAt(source, at);
    default:
      return part(source[at] ?? '', at + 1);
  }
}

const part = (text: string, end: number): Result<Part> => ({ ok: true, value: { text, end } });

/**
 * `\Z`, `\u…`, octal numbers and `\b` in a class are written differently; a back reference has no
 * translation.
 */
function escapeAt(source: string, at: number, place: 'outside' | 'class'): Result<Part> {
  const rest = source.slice(at + 1, at + 10);
  const hexadecimal = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
  if (hexadecimal !== null)
    return part(`\\x{${hexadecimal[1] ?? hexadecimal[2] ?? hexadecimal[3]}}`, at + 1 + hexadecimal[0].length);
  const octal = (place === 'class' ? /^[0-7]{1,3}/ : /^(?:0[0-7]{0,2}|[0-3][0-7]{2})/).exec(rest);
  if (octal !== null)
    return part(`\\x{${Number.parseInt(octal[0], 8).toString(16)}}`, at + 1 + octal[0].length);
  const letter = [...rest][0];
  if (letter === undefined) return refused('ends in a backslash');
  if (/[1-9]/.test(letter)) return refused(`has the back reference "\\${letter}", which RE2 cannot express`);
  const known: Readonly<Record<string, string>> =
    place === 'class' ? { b: '\\x{8}' } : { A: '\\A', Z: '\\z', b: '\\b', B: '\\B' };
  if (known[letter] !== undefined) return part(known[letter], at + 2);
  if (/[afnrtvdDsSwW]/.test(letter)) return part(`\\${letter}`, at + 2);
  if (/[A-Za-z]/.test(letter)) return refused(`has "\\${letter}", which Python does not know`);
  return part(letter.length === 1 && letter < '\x80' ? `\\${letter}` : letter, at + 1 + letter.length);
}

/** Within a class "[" is literal: RE2 would read "[:alpha:]" as a POSIX class. */
function classAt(source: string, at: number): Result<Part> {
  const head = source[at + 1] === '^' ? '[^' : '[';
  let text = head;
  let index = at + head.length;
  for (let isFirst = true; ; isFirst = false) {
    const character = source[index];
    if (character === undefined) return refused('has a "[" without its "]"');
    if (character === ']' && !isFirst) return part(`${text}]`, index + 1);
    const item = character === '\\' ? escapeAt(source, index, 'class') : part(character, index + 1);
    if (!item.ok) return item;
    text += character === '[' || character === ']' ? `\\${character}` : item.value.text;
    index = item.value.end;
  }
}

/**
 * "(?…": groups without a number or with a name, comments and flags are translated, all else is refused by
 * its name.
 */
function groupAt(source: string, at: number, isFirst: boolean): Result<Part> {
  const rest = source.slice(at);
  const plain = /^\(\?(?::|P<[A-Za-z_][A-Za-z0-9_]*>)/.exec(rest)?.[0];
  if (plain !== undefined) return part(plain, at + plain.length);
  const comment = /^\(\?#[^)]*\)/.exec(rest)?.[0];
  if (comment !== undefined) return part('', at + comment.length);
  const flags = /^\(\?([aiLmsux]*)(?:-([imsx]+))?([:)])/.exec(rest);
  if (flags !== null) return flagsAt(flags, at, isFirst);
  const foreign = Object.entries(inexpressible).find(([start]) => rest.startsWith(start));
  return refused(
    foreign === undefined
      ? `has "${rest.slice(0, 4)}", which Python does not know`
      : `has "${foreign[0]}", ${foreign[1]}, which RE2 cannot express`,
  );
}

const inexpressible: Readonly<Record<string, string>> = {
  '(?=': 'a look-ahead',
  '(?!': 'a look-ahead',
  '(?<=': 'a look-behind',
  '(?<!': 'a look-behind',
  '(?P=': 'a back reference',
  '(?>': 'an atomic group',
  '(?(': 'a condition',
};

/** "a" and "u" define how far \w reaches beyond ASCII, which no module name does. */
function flagsAt(
  [whole, on = '', off = '', end]: RegExpExecArray,
  at: number,
  isFirst: boolean,
): Result<Part> {
  const isGlobal = end === ')';
  if (isGlobal && (on === '' || off !== '')) return refused(`has "${whole}", which Python does not know`);
  if (isGlobal && !isFirst) return refused(`has the flags "${whole}" after its start, which Python refuses`);
  const foreign = [...on, ...off].find((flag) => flag === 'x' || flag === 'L');
  if (foreign !== undefined) return refused(`has the flag "${foreign}", which RE2 cannot express`);
  const kept = on.replaceAll(/[au]/g, '') + (off === '' ? '' : `-${off}`);
  if (isGlobal) return part(kept === '' ? '' : `(?${kept})`, at + whole.length);
  return part(`(?${kept}:`, at + whole.length);
}

/** "{,3}" counts from 0, and a "{" that starts no repetition is literal. */
function repetitionAt(source: string, at: number): Result<Part> {
  const counted = /^\{(\d*)(?:(,)(\d*))?\}/.exec(source.slice(at, at + 24));
  const isCount = counted !== null && (counted[1] !== '' || counted[2] !== undefined);
  if (source[at] === '{' && !isCount) return part('\\{', at + 1);
  const end = at + (isCount ? counted[0].length : 1);
  const most = Math.max(Number(counted?.[1] ?? 0), Number(counted?.[3] ?? 0));
  if (most > 1000) return refused(`repeats ${most} times, more than the 1000 that RE2 allows`);
  if (source[end] === '+')
    return refused(`has "${source.slice(at, end + 1)}", a possessive repetition, which RE2 cannot express`);
  const text = isCount
    ? `{${counted[1] === '' ? '0' : counted[1]}${counted[2] ?? ''}${counted[3] ?? ''}}`
    : (source[at] ?? '');
  return source[end] === '?' ? part(`${text}?`, end + 1) : part(text, end);
}
