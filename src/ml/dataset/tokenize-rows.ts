import type { Tokenizer } from '../text/tokenizer.ts';
import type { Example } from './example.ts';
import type { Row } from './row.ts';

export interface TokenizeOptions {
  /** What the model reads; "{human}" stands for the row's question. */
  readonly prompt: string;
  /** The most tokens of a source and of a target, their ends included. */
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

export interface TokenizedRows {
  readonly examples: readonly Example[];
  /** How many were cut. */
  readonly cutSources: number;
  readonly cutTargets: number;
}

/** Rows as token ids, cut to the limits; what is cut is counted. */
export function tokenizeRows(
  rows: readonly Row[],
  tokenizer: Tokenizer,
  options: TokenizeOptions,
): TokenizedRows {
  const sources = tokenizeSources(
    rows.map(({ human }) => human),
    tokenizer,
    options,
  );
  const targets = cutAll(
    rows.map(({ assistant }) => tokenizer.encode(assistant)),
    tokenizer,
    options.targetTokens,
  );
  return {
    examples: sources.tokens.map((source, index) => ({ source, target: targets.tokens[index] ?? [] })),
    cutSources: sources.cut,
    cutTargets: targets.cut,
  };
}

/** Questions within the prompt, as token ids. */
export function tokenizeSources(
  questions: readonly string[],
  tokenizer: Tokenizer,
  { prompt, sourceTokens }: Pick<TokenizeOptions, 'prompt' | 'sourceTokens'>,
): { readonly tokens: readonly (readonly number[])[]; readonly cut: number } {
  return cutAll(
    questions.map((question) => tokenizer.encode(prompt.replaceAll('{human}', () => question))),
    tokenizer,
    sourceTokens,
  );
}

function cutAll(
  encodings: readonly (readonly number[])[],
  tokenizer: Tokenizer,
  limit: number,
): { readonly tokens: readonly (readonly number[])[]; readonly cut: number } {
  return {
    tokens: encodings.map((ids) => (ids.length > limit ? tokenizer.truncate(ids, limit) : ids)),
    cut: encodings.filter((ids) => ids.length > limit).length,
  };
}
