/** A token that is cut out of a text before anything else is done to it. As AddedToken of tokenizers 0.22. */
export interface AddedToken {
  readonly content: string;
  /** Left out when special tokens are skipped. */
  readonly special: boolean;
  /** Searched in the normalised text, not in the original. */
  readonly normalized: boolean;
  /** Takes the white space on its left, or right, with it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Found only where it is a word by itself. */
  readonly singleWord: boolean;
}

/** A special token of which only the text is given. */
export const specialToken = (content: string): AddedToken => ({
  content,
  special: true,
  normalized: false,
  lstrip: false,
  rstrip: false,
  singleWord: false,
});

/** Finds tokens in texts: a tree of their UTF-16 units. */
export interface TokenMatcher {
  readonly next: ReadonlyMap<number, TokenMatcher>;
  /** The token that ends here. */
  readonly token: AddedToken | undefined;
}

/** Finds tokens in texts; `contentOf` returns the text of each in them. */
export function tokenMatcher(
  tokens: readonly AddedToken[],
  contentOf: (token: AddedToken) => string = ({ content }) => content,
): TokenMatcher {
  const root: MutableMatcher = { next: new Map(), token: undefined };
  for (const token of tokens) {
    const text = contentOf(token);
    if (text === '') continue;
    let node = root;
    for (let index = 0; index < text.length; index += 1) {
      const child = node.next.get(text.charCodeAt(index)) ?? { next: new Map(), token: undefined };
      node.next.set(text.charCodeAt(index), child);
      node = child;
    }
    node.token = token;
  }
  return root;
}

interface MutableMatcher {
  readonly next: Map<number, MutableMatcher>;
  token: AddedToken | undefined;
}

/** A token in a text. */
export interface TokenMatch {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken;
}

/**
 * Where a text has tokens: the leftmost first, of those that start at one place the longest; none
 * overlap.
 */
export function matchesOf(matcher: TokenMatcher, text: string): readonly TokenMatch[] {
  const matches: TokenMatch[] = [];
  for (let at = 0; at < text.length;) {
    const found = matchAt(matcher, text, at);
    if (found !== undefined) matches.push(found);
    at = found?.end ?? at + 1;
  }
  return matches;
}

function matchAt(matcher: TokenMatcher, text: string, start: number): TokenMatch | undefined {
  let longest: TokenMatch | undefined;
  let node = matcher.next.get(text.charCodeAt(start));
  for (let end = start + 1; node !== undefined; end += 1) {
    if (node.token !== undefined) longest = { start, end, token: node.token };
    node = end < text.length ? node.next.get(text.charCodeAt(end)) : undefined;
  }
  return longest;
}
