import type { Tokenizer } from '../text/tokenizer.ts';
import type { Example } from './example.ts';
import type { Row } from './row.ts';

export interface TokenizeOptions {
  /** The model's input; "{human}" is replaced by the row's question. */
  readonly prompt: string;
  /** The most tokens of a source and of a target, their ends included. */
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

/** What a limit did to the texts of all rows, in tokens. */
export interface Truncation {
  readonly limit: number;
  readonly rows: number;
  /** How many rows were longer than the limit. */
  readonly cut: number;
  /** The length of the longest, before it was cut. */
  readonly longest: number;
}

export interface TokenizedRows {
  readonly examples: readonly Example[];
  readonly questions: Truncation;
  readonly answers: Truncation;
}

/** Rows as token ids, cut to the limits. */
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
    questions: sources.truncation,
    answers: targets.truncation,
  };
}

interface CutTexts {
  readonly tokens: readonly (readonly number[])[];
  readonly truncation: Truncation;
}

/** Questions within the prompt, as token ids. */
export function tokenizeSources(
  questions: readonly string[],
  tokenizer: Tokenizer,
  { prompt, sourceTokens }: Pick<TokenizeOptions, 'prompt' | 'sourceTokens'>,
): CutTexts {
  return cutAll(
    questions.map((question) => tokenizer.encode(prompt.replaceAll('{human}', () => question))),
    tokenizer,
    sourceTokens,
  );
}

function cutAll(encodings: readonly (readonly number[])[], tokenizer: Tokenizer, limit: number): CutTexts {
  const lengths = encodings.map(({ length }) => length);
  return {
    tokens: encodings.map((ids) => (ids.length > limit ? tokenizer.truncate(ids, limit) : ids)),
    truncation: {
      limit,
      rows: encodings.length,
      cut: lengths.filter((length) => length > limit).length,
      longest: lengths.reduce((most, length) => Math.max(most, length), 0),
    },
  };
}
