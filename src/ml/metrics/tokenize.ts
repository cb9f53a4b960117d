import { memoize } from '../../memory.ts';
import { isPythonSpace, pythonLower } from '../text/python-text.ts';
import { wordMemory } from '../text/word-memory.ts';
import { wordsOf } from '../text/words.ts';
import { porterStem } from './porter-stem.ts';

/** Cuts a text into the tokens that a metric counts. The same text gives the same tokens. */
export type Tokenize = (text: string) => readonly string[];

/**
 * Runs of a-z and 0-9 of the lower-cased text, all else dropped (Chinese too): rouge_score 0.1.2 without its
 * stemmer.
 */
export const alphanumericTokens: Tokenize = (text) => pythonLower(text).match(/[a-z0-9]+/g) ?? [];

/**
 * The same with tokens of more than three characters stemmed: rouge_score 0.1.2 with `use_stemmer`. A new one
 * remembers the stems it has made, since a corpus repeats its words.
 */
export function stemmedTokenizer(): Tokenize {
  const stemOf = memoize(porterStem, wordMemory);
  return (text) => alphanumericTokens(text).map((token) => (token.length > 3 ? stemOf(token) : token));
}

/** Every code point of the lower-cased text that is not white space. */
export const characterTokens: Tokenize = (text) =>
  [...pythonLower(text)].filter((character) => !isPythonSpace(character.charCodeAt(0)));

/** The words of a text in any script; Han and other scripts without spaces by the letter. */
export const mixedTokens: Tokenize = wordsOf;

/**
 * The words that `cut` finds in the lower-cased text (with jieba, for example), except those without a letter
 * or digit.
 */
export const wordTokenizer =
  (cut: (text: string) => readonly string[]): Tokenize =>
  (text) =>
    cut(pythonLower(text)).filter((word) => /[\p{L}\p{N}]/u.test(word));
