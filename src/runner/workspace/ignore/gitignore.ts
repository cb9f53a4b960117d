/** A line of a .gitignore. */
interface GitignoreRule {
  /** The line of the file. */
  readonly pattern: string;
  /** "!…": takes back what a line before it ignores. */
  readonly isNegated: boolean;
  /** "…/": matches folders alone. */
  readonly isForFolders: boolean;
  /** A line without a "/" before its end matches at any depth. */
  readonly parts: readonly PartPattern[];
}

/** What matches one part of a path; `any`: a part "**", for any number of parts. */
type PartPattern = { readonly kind: 'any' } | { readonly kind: 'part'; readonly items: readonly Item[] };

/** `*`, or a test of one character. */
type Item = '*' | ((character: string) => boolean);

/**
 * The rules of a text in the syntax of .gitignore (git 2.x, gitignore(5)). Here rather than by a package,
 * since those translate lines into regular expressions of JavaScript, which a line such as "a*a*a*a*a*a*a*b"
 * keeps busy for hours.
 */
export function gitignoreRules(text: string): readonly GitignoreRule[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const pattern = withoutTrailingSpaces(line);
    if (pattern === '' || pattern.startsWith('#')) return [];
    const isNegated = pattern.startsWith('!');
    const body = isNegated ? pattern.slice(1) : pattern;
    const isForFolders = body.endsWith('/');
    const path = isForFolders ? body.slice(0, -1) : body;
    const parts = path.split('/');
    const isAnchored = parts.length > 1;
    const named = (parts[0] === '' ? parts.slice(1) : parts).map(partPattern);
    if (path === '') return [];
    return [{ pattern, isNegated, isForFolders, parts: isAnchored ? named : [{ kind: 'any' }, ...named] }];
  });
}

/** A space before the end of a line counts where a backslash is before it. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ') end -= 1;
  let backslashes = 0;
  while (line[end - 1 - backslashes] === '\\') backslashes += 1;
  return line.slice(0, end < line.length && backslashes % 2 === 1 ? end + 1 : end);
}

/**
 * The rule by which a path is ignored: the last that matches it, or that ignores a folder above it. A folder
 * ends in "/".
 */
export function ignoringRule(rules: readonly GitignoreRule[], path: string): GitignoreRule | undefined {
  const names = path.replace(/\/$/, '').split('/');
  for (let depth = 1; depth <= names.length; depth += 1) {
    const isFolder = depth < names.length || path.endsWith('/');
    const found = rules.findLast((rule) => matches(rule, names.slice(0, depth), isFolder));
    if (found !== undefined && !found.isNegated) return found;
  }
  return undefined;
}

function matches(
  { isForFolders, parts }: GitignoreRule,
  names: readonly string[],
  isFolder: boolean,
): boolean {
  if (isForFolders && !isFolder) return false;
  const [start, only, ...others] = parts;
  if (start?.kind === 'any' && only?.kind === 'part' && others.length === 0)
    return matchesItems(only.items, names.at(-1) ?? '');
  // reached[i]: the first i names are matched by the parts so far.
  let reached = [true, ...names.map(() => false)];
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'any') {
      const first = reached.indexOf(true);
      // At the end of a line it matches the contents of a folder, not the folder itself.
      const least = index === parts.length - 1 && index > 0 ? first + 1 : first;
      reached = reached.map((_, at) => first >= 0 && at >= least);
    } else {
      const before = reached;
      reached = [false, ...names.map((name, at) => before[at] === true && matchesItems(part.items, name))];
    }
  }
  return reached.at(-1) === true;
}

/**
 * After a mismatch the last `*` takes one character more: time in proportion to the product of the lengths.
 */
function matchesItems(items: readonly Item[], name: string): boolean {
  const characters = [...name];
  let [at, index, star, starIndex] = [0, 0, -1, 0];
  while (index < characters.length) {
    const item = items[at];
    if (item === '*') [star, starIndex, at] = [at, index, at + 1];
    else if (item?.(characters[index] ?? '') === true) [at, index] = [at + 1, index + 1];
    else if (star >= 0) [at, starIndex, index] = [star + 1, starIndex + 1, starIndex + 1];
    else return false;
  }
  return items.slice(at).every((item) => item === '*');
}

function partPattern(text: string): PartPattern {
  if (text === '**') return { kind: 'any' };
  const characters = [...text];
  const items: Item[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const set = character === '[' ? characterSet(characters, at) : undefined;
    if (set !== undefined) {
      items.push(set.has);
      at = set.end;
    } else if (character === '*') items.push('*');
    else if (character === '?') items.push(() => true);
    else {
      const wanted = character === '\\' && at + 1 < characters.length ? characters[(at += 1)] : character;
      items.push((found) => found === wanted);
    }
  }
  return { kind: 'part', items };
}

/** "[a-z_]" or "[!a-z]" from its "["; undefined where no "]" closes it. */
function characterSet(
  characters: readonly string[],
  start: number,
): { readonly has: (character: string) => boolean; readonly end: number } | undefined {
  const isNegated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const ranges: (readonly [string, string])[] = [];
  let at = start + (isNegated ? 2 : 1);
  for (let isFirst = true; isFirst || characters[at] !== ']'; isFirst = false) {
    if (characters[at] === '\\') at += 1;
    const low = characters[at];
    if (low === undefined) return undefined;
    const high = characters[at + 1] === '-' && characters[at + 2] !== ']' ? characters[at + 2] : undefined;
    ranges.push([low, high ?? low]);
    at += high === undefined ? 1 : 3;
  }
  return {
    end: at,
    has: (character) => ranges.some(([low, high]) => character >= low && character <= high) !== isNegated,
  };
}
