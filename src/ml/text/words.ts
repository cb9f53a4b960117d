import { pythonLower } from './python-text.ts';

/**
 * Of the lower-cased text, each run of letters, marks and digits of any script. Scripts that write no space
 * between words (Han, kana, Thai, Lao, Khmer, Burmese, Tibetan) give a token for each letter, with its marks.
 * Signs are dropped, and so is what Unicode says to ignore: a soft hyphen or a joiner does not cut a word.
 */
export const wordsOf = (text: string): readonly string[] =>
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
