import { isPythonSpace, pythonLower, pythonSplit } from '../python-text.ts';

/** How a text is prepared before words are cut into pieces. */
export interface BasicWordsOptions {
  readonly lowerCase: boolean;
  /** undefined: where `lowerCase` is set. */
  readonly stripAccents: boolean | undefined;
  /** Whether each Chinese character is a word. */
  readonly splitChinese: boolean;
  /** Characters that are dropped as control characters are, because they are not assigned. */
  readonly unassigned: RegExp;
}

/**
 * The words and punctuation marks of a text: control characters dropped, spaces put around Chinese
 * characters, NFC, split at white space; each word in lower case and without accents, where these options are
 * on; split at punctuation. Words in `kept` do not change. As BasicTokenizer of transformers 4.57.
 */
export function basicWords(
  text: string,
  { lowerCase, stripAccents, splitChinese, unassigned }: BasicWordsOptions,
  kept: ReadonlySet<string>,
): string[] {
  const cleaned = text
    .replaceAll(/[^\P{C}\t\n\r]|\ufffd/gu, '')
    .replaceAll(unassigned, '')
    .replaceAll(/[\t\n\r\p{Zs}]/gu, ' ');
  const spaced = splitChinese
    ? cleaned.replaceAll(ideographs, ' $& ').replaceAll(rareIdeographs, ' $& ')
    : cleaned;
  const parts = pythonSplit(spaced.normalize('NFC')).flatMap((word) => {
    if (kept.has(word)) return [word];
    const lowered = lowerCase ? pythonLower(word) : word;
    const plain =
      (stripAccents ?? lowerCase) ? lowered.normalize('NFD').replaceAll(/[\p{Mn}\u{1171e}]/gu, '') : lowered;
    return kept.has(plain) ? [plain] : (plain.match(/[!-/:-@[-`{-~\p{P}]|[^!-/:-@[-`{-~\p{P}]+/gu) ?? []);
  });
  // NFD may give characters that Python's split takes for spaces.
  return parts.flatMap((part) => (hasSpace(part) ? pythonSplit(part) : [part]));
}

/** The CJK blocks that BERT was trained with as words of one character: ideographs, no kana, no Hangul. */
const ideographs = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/gu;
const rareIdeographs = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function hasSpace(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (isPythonSpace(text.charCodeAt(index))) return true;
  return false;
}
