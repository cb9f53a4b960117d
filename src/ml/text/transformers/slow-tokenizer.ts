import { pythonStripEnd, pythonStripStart } from '../python-text.ts';
import { type AddedToken, matchesOf, type TokenMatcher, tokenMatcher } from './added-token.ts';
import { type AddedTokens, withTokens } from './added-tokens.ts';

/**
 * What the tokenizers that transformers has in Python share: added tokens, cut out of a text first and joined
 * to it last.
 */
export interface SlowTokens {
  readonly added: AddedTokens;
  readonly ids: ReadonlyMap<string, number>;
  readonly special: ReadonlySet<string>;
  readonly matcher: TokenMatcher;
  /** Tokens that are joined to the rest of a decoded text by spaces. */
  readonly standalone: ReadonlySet<string>;
}

/** A vocabulary below the added tokens. */
export interface BaseVocabulary {
  readonly size: number;
  readonly idOf: (content: string) => number | undefined;
}

/**
 * Added tokens and, behind them, those special tokens that neither they nor the vocabulary hold. `roles` are
 * special for what they do, `additional` are others. As PreTrainedTokenizer.__init__ and the
 * `legacy_added_tokens` of its _decode.
 */
export function slowTokens(
  listed: AddedTokens,
  roles: readonly AddedToken[],
  additional: readonly AddedToken[],
  { size, idOf }: BaseVocabulary,
): SlowTokens {
  const known = new Set(Array.from(listed.values(), ({ content }) => content));
  const missing = [...roles, ...additional]
    .filter(({ content }) => !known.has(content))
    .map((token) => ({ ...token, special: true }));
  // A piece whose id a listed token has is not in the vocabulary.
  const visibleIdOf = (content: string): number | undefined => {
    const id = idOf(content);
    return id === undefined || listed.has(id) ? undefined : id;
  };
  const hidden = Array.from(listed.keys()).filter((id) => id < size).length;
  const added = withTokens(
    listed,
    missing,
    visibleIdOf,
    size - hidden + [...known].filter((content) => visibleIdOf(content) === undefined).length,
  );
  const special = new Set([...roles, ...additional].map(({ content }) => content));
  const others = new Set(additional.map(({ content }) => content));
  return {
    added,
    special,
    // A token whose id another one got keeps it, too.
    ids: new Map([...listed, ...added].map(([id, { content }]) => [content, id])),
    matcher: tokenMatcher([...added.values()]),
    standalone: new Set(
      Array.from(added).flatMap(([id, { content }]) =>
        !special.has(content) || (others.has(content) && id >= size) ? [content] : [],
      ),
    ),
  };
}

/** A token of a text, and its id. */
export interface Token {
  readonly id: number;
  readonly text: string;
}

/**
 * Added tokens of a text, and what `tokenize` makes of the parts between them. As
 * PreTrainedTokenizer.tokenize.
 */
export function tokenizeBetween(
  { matcher, ids }: SlowTokens,
  text: string,
  tokenize: (part: string) => readonly Token[],
): Token[] {
  const parts: { text: string; readonly token: AddedToken | undefined }[] = [];
  let done = 0;
  for (const { start, end, token } of matchesOf(matcher, text)) {
    if (start > done) parts.push({ text: text.slice(done, start), token: undefined });
    parts.push({ text: token.content, token });
    done = end;
  }
  if (done < text.length) parts.push({ text: text.slice(done), token: undefined });

  parts.forEach((part, index) => {
    if (part.token === undefined) return;
    const left = index > 0 ? parts[index - 1] : undefined;
    const right = parts[index + 1];
    const joinsLeft =
      part.token.singleWord && left !== undefined && left.text !== '' && !left.text.endsWith(' ');
    const joinsRight =
      part.token.singleWord && right !== undefined && right.text !== '' && !right.text.startsWith(' ');
    if (part.token.rstrip && right) right.text = pythonStripStart(right.text);
    if (part.token.lstrip && left) left.text = pythonStripEnd(left.text);
    if (joinsLeft) left.text += part.text;
    else if (joinsRight) right.text = part.text + right.text;
    if (joinsLeft || joinsRight) part.text = '';
  });
  return parts.flatMap((part) => {
    if (part.text === '') return [];
    const id = ids.get(part.text);
    return id === undefined ? tokenize(part.text) : [{ id, text: part.text }];
  });
}

/**
 * The text of tokens: `join` makes one text of those between tokens with a text of their own. As
 * PreTrainedTokenizer._decode.
 */
export function joinTokens(
  { standalone }: SlowTokens,
  tokens: readonly string[],
  join: (run: readonly string[]) => string,
): string {
  const texts: string[] = [];
  let run: string[] = [];
  for (const token of tokens) {
    if (!standalone.has(token)) {
      run.push(token);
      continue;
    }
    const text = run.length === 0 ? '' : join(run);
    if (text !== '') texts.push(text);
    texts.push(token);
    run = [];
  }
  if (run.length > 0) texts.push(join(run));
  return texts.join(' ');
}
