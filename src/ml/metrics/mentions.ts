import { type MentionToken, mentionTokens } from './mention-tokens.ts';
import { isNegated } from './negation.ts';

/** A value that a text names. */
export interface Mention {
  /** The value's identity. */
  readonly value: string;
  /** A word before it takes it back: "do not take …". */
  readonly negated: boolean;
}

/**
 * How values are compared: two with equal identities are one ("Zinc" and "zinc", "3.0 mg" and "3mg"). Empty:
 * no words.
 */
export const valueIdentity = (value: string): string =>
  mentionTokens(value)
    .map(({ text }) => text)
    .join(' ');

/**
 * Finds where the tokens of a text name one of the values. A value is named by all of its tokens in a row, in
 * one sentence; never inside of a number, a range or a numeral ("3 mg" in "0.3 mg" or "1-3 mg", "三天" in
 * "十三天"), nor inside of a longer value ("rest" in "bed rest" where both are values).
 */
export function mentionFinder(
  values: readonly string[],
): (tokens: readonly MentionToken[]) => readonly Mention[] {
  const byFirst = new Map<string, { readonly value: string; readonly tokens: readonly MentionToken[] }[]>();
  for (const [identity, written] of new Map(values.map((value) => [valueIdentity(value), value]))) {
    const tokens = mentionTokens(written);
    const [first] = tokens;
    if (first === undefined) continue;
    const others = byFirst.get(first.text);
    if (others === undefined) byFirst.set(first.text, [{ value: identity, tokens }]);
    else others.push({ value: identity, tokens });
  }
  return (tokens) => {
    const found = tokens.flatMap(({ text: word }, start) =>
      (byFirst.get(word) ?? [])
        .filter((candidate) => standsAt(candidate.tokens, tokens, start))
        .map(({ value, tokens: { length } }) => ({ value, start, end: start + length })),
    );
    return found
      .filter((one) => !found.some((other) => isInside(one, other)))
      .map(({ value, start, end }) => ({ value, negated: isNegated(tokens, start, end) }));
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const isInside = (inner: Span, outer: Span): boolean =>
  outer.start <= inner.start && inner.end <= outer.end && outer.end - outer.start > inner.end - inner.start;

function standsAt(value: readonly MentionToken[], text: readonly MentionToken[], start: number): boolean {
  const matches = value.every(({ text: word, gap }, offset) => {
    const token = text[start + offset];
    return token?.text === word && (offset === 0 || token.gap === gap || !endsSentence.test(token.gap));
  });
  return matches && !isPartOfQuantity(value, text, start);
}

const endsSentence = /[.;!?。]/;

/**
 * Whether the tokens around make another quantity of it: a range, a larger numeral, a half more, an amount
 * for each kilogram.
 */
function isPartOfQuantity(
  value: readonly MentionToken[],
  text: readonly MentionToken[],
  start: number,
): boolean {
  const end = start + value.length;
  const [first, last] = [text[start], text[end - 1]];
  const [before, secondBefore, after, secondAfter] = [
    text[start - 1],
    text[start - 2],
    text[end],
    text[end + 1],
  ];
  if (isNumeral(first) && isNumeral(before) && /^[ -]?$/.test(first?.gap ?? '')) return true;
  if (isNumeral(first) && isNumeral(secondBefore) && isConnector(before)) return true;
  if (isNumeral(last) && (isNumeral(after) || isMultiplier(after))) return /^[ -]?$/.test(after?.gap ?? '');
  if (isNumeral(last) && isNumeral(secondAfter) && isConnector(after)) return true;
  if (isInsideWord(first, before) || isAfterThaiNumeral(value, text, start)) return true;
  if (!value.some((token) => isNumeral(token))) return false;
  if (isEndOfRange(text, start) || isStartOfRange(text, end)) return true;
  if (after?.text === '半' && after.gap === '') return true;
  const amount =
    after?.gap === '/' ? after : after?.text === 'per' || after?.text === '每' ? secondAfter : undefined;
  return amount !== undefined && amounts.includes(amount.text);
}

/** "3 mg" in "1 mg to 3 mg", "1 mg - 3 mg". */
const isEndOfRange = (text: readonly MentionToken[], start: number): boolean =>
  (isRangeSign(text[start]) && isNumeral(text[start - 2])) ||
  (isRangeWord(text[start - 1]) && isNumeral(text[start - 3]));

/** "3 mg" in "3 mg to 5 mg", "3 mg - 5 mg". */
const isStartOfRange = (text: readonly MentionToken[], end: number): boolean =>
  (isRangeSign(text[end]) && isNumeral(text[end])) || (isRangeWord(text[end]) && isNumeral(text[end + 1]));

const isRangeSign = (token: MentionToken | undefined): boolean => /^ ?[-~] ?$/.test(token?.gap ?? '');

const isRangeWord = (token: MentionToken | undefined): boolean =>
  token !== undefined && ['to', '至', '到'].includes(token.text);

/** "trois jours" in "vingt-trois jours", "codamol" in "co-codamol". */
const isInsideWord = (first: MentionToken | undefined, before: MentionToken | undefined): boolean =>
  first?.gap === '-' && before !== undefined && !isNumeral(before) && !first.isNumber;

/** "สามวัน" (three days) in "สิบสามวัน" (thirteen days): Thai has no spaces between words. */
function isAfterThaiNumeral(
  value: readonly MentionToken[],
  text: readonly MentionToken[],
  start: number,
): boolean {
  const written = value.map((token) => token.text).join('');
  const before = text
    .slice(Math.max(0, start - 6), start)
    .map((token) => token.text)
    .join('');
  return thaiDigit.test(written) && thaiPower.test(before);
}

const thaiDigit = /^(?:หนึ่ง|เอ็ด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ร้อย|พัน)/u;

const thaiPower = /(?:สิบ|ร้อย|พัน|หมื่น|แสน|ล้าน|จุด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า)$/u;

const isNumeral = (token: MentionToken | undefined): boolean =>
  token !== undefined && (token.isNumber || numberWord.test(token.text));

const isConnector = (token: MentionToken | undefined): boolean =>
  token !== undefined && ['to', 'or', 'and', 'point', 'x', '至', '到', '或'].includes(token.text);

const isMultiplier = (token: MentionToken | undefined): boolean =>
  token !== undefined && ['hundred', 'thousand', 'million'].includes(token.text);

/** "公" begins 公斤, "毫" 毫升: each Han character is a token. */
const amounts: readonly string[] = [
  'kg',
  'g',
  'ml',
  'l',
  'lb',
  'kilogram',
  'gram',
  'liter',
  'litre',
  '公',
  '毫',
  '升',
];

const numberWord =
  /^(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|half)$/;
