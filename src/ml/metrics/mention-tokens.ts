import { pythonLower } from '../text/python-text.ts';

/** A word, a number, or a letter of a script without spaces, as the search for named values sees it. */
export interface MentionToken {
  readonly text: string;
  readonly isNumber: boolean;
  /** The spaces and signs between the token before and this one. */
  readonly gap: string;
}

/**
 * The tokens of a text in NFKC and lower case. A number is one token with its decimals, its range and its
 * fraction, and with its percent sign ("0.3", "3-5", "1/2", "3%", "十三", "三分之一"), written one way: "1,000" as
 * "1000", "3.0" as "3", ".3" and "0·3" as "0.3". So no number is found inside of another. A word keeps its
 * digits and apostrophes ("b12", "don't").
 */
export function mentionTokens(text: string): readonly MentionToken[] {
  const plain = withPlainDecimals(withPlainSigns(text));
  const tokens: MentionToken[] = [];
  let end = 0;
  for (let place = 0; place < plain.length;) {
    const span = tokenAt(plain, place);
    if (span !== undefined) {
      const { length, isNumber } = span;
      const found = plain.slice(place, place + length);
      const gap = plain.slice(end, place).replace(/\s+/g, ' ');
      tokens.push({ text: isNumber ? oneWay(found) : found, isNumber, gap });
      end = place + length;
    }
    place += span?.length ?? 1;
  }
  return tokens;
}

/** Apostrophes, dashes and slashes as ASCII has them. An acute accent would be a space and a mark in NFKC. */
const withPlainSigns = (text: string): string =>
  pythonLower(text.replace(/\u00b4/g, "'").normalize('NFKC'))
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/[\u2018\u2019\u02bc\u2032]/g, "'")
    .replace(/[\u2014\u2015]/g, ' - ')
    .replace(/[\u2010-\u2013\u2212]/g, '-')
    .replace(/[\u223c\u301c\u3030]/g, '~')
    .replace(/[\u2044\u2215]/g, '/');

/**
 * Decimal points as ".": a raised one ("0·5"), those of Arabic, and one between spaces, as models often write
 * it ("0 . 5", "0. 5": no sentence ends in a lone 0).
 */
const withPlainDecimals = (text: string): string =>
  text
    .replace(/(?<=\p{Nd})[\u00b7\u2022\u2027\u2219\u22c5\u30fb\u066b](?=\p{Nd})/gu, '.')
    .replace(/(?<=\p{Nd})\u066c(?=\p{Nd})/gu, ',')
    .replace(/(?<=\p{Nd}) \. (?=\p{Nd})/gu, '.')
    .replace(/(?<![\p{L}\p{N}.,])0([.,]) (?=\p{Nd})/gu, '0$1');

function tokenAt(
  text: string,
  place: number,
): { readonly length: number; readonly isNumber: boolean } | undefined {
  for (const pattern of [digits, hanNumeral]) {
    const number = matchAt(pattern, text, place);
    if (number !== undefined) return { length: number.length, isNumber: true };
  }
  const word = matchAt(letters, text, place);
  if (word === undefined) return undefined;
  const cut = word.search(unspacedLetter);
  if (cut !== 0) return { length: cut === -1 ? word.length : cut, isNumber: false };
  return { length: matchAt(markedLetter, word, 0)?.length ?? 1, isNumber: false };
}

const letters = /[\p{L}\p{M}][\p{L}\p{M}\p{N}]*(?:'\p{L}+)*/uy;

const markedLetter = /.\p{M}*/uy;

function matchAt(pattern: RegExp, text: string, place: number): string | undefined {
  pattern.lastIndex = place;
  return pattern.exec(text)?.[0];
}

/**
 * With its sign, decimals, the numbers that make a range, a fraction, a product or a power of it, and its
 * percent sign.
 */
const digits =
  /(?:(?<![\p{L}\p{N}])-)?(?:\p{Nd}+(?:[.,]\p{Nd}+)*|(?<!\.)\.\p{Nd}+)(?:\s?[-~/:×*^]\s?\p{Nd}+(?:[.,]\p{Nd}+)*)*(?:\s?[%‰])?/uy;

/**
 * With its ordinal and its decimals or denominator: the common characters, those of contracts, and those for
 * twenty, thirty and forty.
 */
const hanNumeral =
  /第?[〇零一二两兩三四五六七八九十百千万萬亿億壹贰貳叁參肆伍陆陸柒捌玖拾佰仟廿卅卌]+(?:(?:点|點|·|・|分之)[〇零一二两兩三四五六七八九十百千万萬亿億壹贰貳叁參肆伍陆陸柒捌玖拾佰仟廿卅卌]+)?/uy;

/** Of a script that writes no spaces between words. */
const unspacedLetter =
  /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}]/u;

const oneWay = (number: string): string =>
  number.replace(/\s/g, '').replace(/\p{Nd}*(?:[.,]\p{Nd}+)+|\p{Nd}+/gu, (part) => plainNumber(part));

function plainNumber(part: string): string {
  const ungrouped = /^\p{Nd}{1,3}(?:,\p{Nd}{3})+(?:\.\p{Nd}+)?$/u.test(part)
    ? part.replaceAll(',', '')
    : part;
  const leading = ungrouped.startsWith('.') ? `0${ungrouped}` : ungrouped;
  return /^\p{Nd}+\.\p{Nd}+$/u.test(leading) ? leading.replace(/\.?0+$/, '') : leading;
}
