/**
 * Whether a path matches a pattern: `*` stands for any characters of one part of a path, `?` for one, a part
 * `**` for any number of parts, none included; all else stands for itself. Names that start with "." are no
 * exception. Takes time in proportion to the product of the lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  return matchesParts(pattern.split('/'), path.split('/'));
}

export const isGlob = (text: string): boolean => /[*?]/.test(text);

/**
 * One part at a time from the left; `reached[i]`: the first i parts of the path can be matched by what was
 * read of the pattern.
 */
function matchesParts(pattern: readonly string[], path: readonly string[]): boolean {
  let reached = path.map(() => false);
  let empty = true;
  for (const part of pattern) {
    const before = [empty, ...reached];
    if (part === '**') {
      const first = before.indexOf(true);
      reached = path.map((_, index) => first >= 0 && index + 1 >= first);
    } else {
      reached = path.map((name, index) => before[index] === true && matchesWildcards(part, name));
      empty = false;
    }
  }
  return reached.at(-1) ?? empty;
}

/** `*` and `?` within one text: after a mismatch, the last `*` takes one character more. */
export function matchesWildcards(pattern: string, text: string): boolean {
  const [wanted, characters] = [[...pattern], [...text]];
  let [at, index, star, starIndex] = [0, 0, -1, 0];
  while (index < characters.length) {
    if (wanted[at] === '*') [star, starIndex, at] = [at, index, at + 1];
    else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === characters[index]))
      [at, index] = [at + 1, index + 1];
    else if (star >= 0) [at, starIndex, index] = [star + 1, starIndex + 1, starIndex + 1];
    else return false;
  }
  return wanted.slice(at).every((character) => character === '*');
}
