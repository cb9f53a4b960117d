/** A token that is cut out of a text before anything else is done to it. As AddedToken of tokenizers 0.22. */
export interface AddedToken {
  readonly content: string;
  /** Left out when special tokens are skipped. */
  readonly special: boolean;
  /** Looked for in the normalised text, not in the original. */
  readonly normalized: boolean;
  /** Takes the white space on its left, or right, with it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Found only where it is a word by itself. */
  readonly singleWord: boolean;
}

/** A special token of which only the text is given. */
export const specialToken = (content: string): AddedToken => ({ content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false });

/** Places where tokens stand in a text: the leftmost first, of those that start at one place the longest. */
export interface TokenMatcher {
  readonly pattern: RegExp | undefined;
  readonly tokens: ReadonlyMap<string, AddedToken>;
}

/** What finds tokens in texts; `contentOf` says as what text each of them stands there. */
export function tokenMatcher(tokens: readonly AddedToken[], contentOf: (token: AddedToken) => string = ({ content }) => content): TokenMatcher {
  const byText = new Map<string, AddedToken>();
  for (const token of tokens) {
    const text = contentOf(token);
    if (text !== '') byText.set(text, token);
  }
  // The first alternative that fits is taken, so longer ones stand first.
  const texts = [...byText.keys()].sort((a, b) => b.length - a.length);
  return { pattern: texts.length === 0 ? undefined : new RegExp(texts.map(escaped).join('|'), 'g'), tokens: byText };
}

/** A part of a text: a token, or what stands between tokens. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

/** Where tokens stand in a text; none overlap. */
export function matchesOf({ pattern, tokens }: TokenMatcher, text: string): (TextPart & { readonly token: AddedToken })[] {
  if (pattern === undefined) return [];
  return Array.from(text.matchAll(pattern)).flatMap(({ 0: found, index }) => {
    const token = tokens.get(found);
    return token === undefined ? [] : [{ start: index, end: index + found.length, token }];
  });
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
