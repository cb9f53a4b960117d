import { isPythonSpace, pythonLower } from '../text/python-text.ts';
import { remembered } from '../text/remembered.ts';
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
  const stemOf = remembered(porterStem);
  return (text) => alphanumericTokens(text).map((token) => (token.length > 3 ? stemOf(token) : token));
}

/** Every code point of the lower-cased text that is not white space. */
export const characterTokens: Tokenize = (text) =>
  [...pythonLower(text)].filter((character) => !isPythonSpace(character.charCodeAt(0)));

/**
 * Of the lower-cased text, each run of letters, marks and digits of any script. Scripts that write no space
 * between words (Han, kana, Thai, Lao, Khmer, Burmese, Tibetan) give a token for each letter, with its marks.
 * Signs are dropped, and so is what Unicode says to ignore: a soft hyphen or a joiner does not cut a word.
 */
export const mixedTokens: Tokenize = (text) =>
  pythonLower(text)
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(unspacedLetter, ' $& ')
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/**
 * With the marks and signs that Unicode counts to these scripts ("ー", "々", "。"); digits are runs in every
 * script.
 */
const unspacedLetter =
  /(?!\p{Nd})[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}]\p{M}*/gu;

/** The words that `cut` finds in the lower-cased text (jieba, say), less those without a letter or digit. */
export const wordTokenizer =
  (cut: (text: string) => readonly string[]): Tokenize =>
  (text) =>
    cut(pythonLower(text)).filter((word) => /[\p{L}\p{N}]/u.test(word));
