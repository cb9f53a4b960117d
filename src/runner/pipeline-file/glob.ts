/**
 * Whether a path matches a pattern: `*` matches any characters of one part of a path, `?` one, a part `**`
 * any number of parts, none included; `[*]`, `[?]`, `[[]` and `[]]` match the characters, and all else
 * matches itself. Names that start with "." are no exception. Takes time in proportion to the product of the
 * lengths.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  return matchesParts(pattern.split('/'), path.split('/'));
}

/** Whether a text has wildcards: `*` or `?` that are not in brackets. */
export const isGlob = (text: string): boolean => /[*?]/.test(text.replace(/\[[*?[\]]\]/g, ''));

/** A path without wildcards, with `[*]`, `[?]`, `[[]` and `[]]` as the characters themselves. */
export const unescapedPath = (text: string): string => text.replace(/\[([*?[\]])\]/g, '$1');

/**
 * Escapes a text into a pattern that matches only that text, even inside a longer pattern. Brackets are
 * escaped too: with their neighbors they could become an escape.
 */
export const escapedPath = (path: string): string => path.replace(/[*?[\]]/g, '[$&]');

/** As `matchesGlob`, but as in shells a name that starts with "." is matched only by a part that does. */
export const matchesVisible = (pattern: string, path: string): boolean =>
  reachedBy(pattern, path).at(-1) === true;

/** Whether a pattern could match a path, or something below it, as `matchesVisible` does. */
export const couldReach = (pattern: string, path: string): boolean => reachedBy(pattern, path).includes(true);

/**
 * The path of the folder, or the file, that a pattern names before its first wildcard, by parts; what follows
 * may be anywhere below it.
 */
export const fixedPart = (pattern: string): string => unescapedPath(dividedPattern(pattern).fixed);

/** A pattern from its first wildcard on, by parts. */
export const wildPart = (pattern: string): string => dividedPattern(pattern).wild;

function dividedPattern(pattern: string): { readonly fixed: string; readonly wild: string } {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  const at = first === -1 ? parts.length : first;
  return { fixed: parts.slice(0, at).join('/'), wild: parts.slice(at).join('/') };
}

/** A path that a pattern can match, without the pattern's fixed part. */
export const belowFixedPart = (pattern: string, path: string): string =>
  path.slice(fixedPart(pattern).length).replace(/^\//, '');

/** Whether the whole path is matched by the first part of a pattern, by the first two, and so on. */
function reachedBy(pattern: string, path: string): readonly boolean[] {
  const names = path.split('/');
  return steps(pattern.split('/'), names, true).map((reached) => reached.at(-1) === true);
}

const matchesParts = (pattern: readonly string[], path: readonly string[]): boolean =>
  steps(pattern, path, false).at(-1)?.at(-1) === true;

/**
 * One part at a time from the left; after each, at `i`, whether the first i parts of the path can be matched
 * by what was read of the pattern.
 */
function steps(
  pattern: readonly string[],
  path: readonly string[],
  sparesHidden: boolean,
): readonly (readonly boolean[])[] {
  const found: (readonly boolean[])[] = [];
  let reached: readonly boolean[] = [true, ...path.map(() => false)];
  for (const part of pattern) {
    const before = reached;
    const next = [part === '**' && before[0] === true];
    for (const [index, name] of path.entries()) {
      const isSpared = sparesHidden && name.startsWith('.') && !part.startsWith('.');
      next.push(
        part === '**'
          ? before[index + 1] === true || (next[index] === true && !isSpared)
          : before[index] === true && !isSpared && matchesPart(part, name),
      );
    }
    reached = next;
    found.push(reached);
  }
  return found;
}

/** Whether a name matches one part of a pattern of paths. */
export const matchesPart = (part: string, name: string): boolean => matchesPieces(piecesOf(part), name);

/** `*` and `?` in a text that is not a path: no character of it can be escaped. */
export const matchesWildcards = (pattern: string, text: string): boolean =>
  matchesPieces([...pattern].map(pieceOf), text);

/** A character, or a wildcard. */
type Piece = string | typeof anyCharacters | typeof oneCharacter;

const anyCharacters = Symbol('*');
const oneCharacter = Symbol('?');

const pieceOf = (character: string): Piece =>
  character === '*' ? anyCharacters : character === '?' ? oneCharacter : character;

const piecesOf = (part: string): readonly Piece[] =>
  [...part.matchAll(/\[([*?[\]])\]|[^]/gu)].map(([whole, escaped]) => escaped ?? pieceOf(whole));

/** After a mismatch, the last `*` takes one character more. */
function matchesPieces(wanted: readonly Piece[], text: string): boolean {
  const characters = [...text];
  let [at, index, star, starIndex] = [0, 0, -1, 0];
  while (index < characters.length) {
    if (wanted[at] === anyCharacters) [star, starIndex, at] = [at, index, at + 1];
    else if (at < wanted.length && (wanted[at] === oneCharacter || wanted[at] === characters[index]))
      [at, index] = [at + 1, index + 1];
    else if (star >= 0) [at, starIndex, index] = [star + 1, starIndex + 1, starIndex + 1];
    else return false;
  }
  return wanted.slice(at).every((piece) => piece === anyCharacters);
}
