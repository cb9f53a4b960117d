import { pythonLower } from './python-text.ts';

/** The words of a text in lower case: runs of letters, marks and digits, and each Chinese character by itself. */
export const wordsOf = (text: string): readonly string[] =>
  pythonLower(text).match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu) ?? [];
