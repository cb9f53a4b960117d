import type { MentionToken } from './mention-tokens.ts';

type Tokens = readonly MentionToken[];

/**
 * Tests whether the tokens from `start` to `end` are only a part of what the text says: of a range, a larger
 * number, a compound word, an amount for each kilogram. So "3 mg" is not read in "1 mg to 3 mg" or "3 mg/kg".
 * The patterns are compiled once for a test.
 */
export function partOfQuantityTest(): (text: Tokens, start: number, end: number) => boolean {
  const amount = perAmount();
  return (text, start, end) => {
    if (isAfterNumber(text, start) || isBeforeNumber(text, end)) return true;
    if (isInsideWord(text, start) || isAfterThaiNumeral(text, start, end)) return true;
    if (!text.slice(start, end).some((token) => isNumeral(token))) return false;
    return isEndOfRange(text, start) || isStartOfRange(text, end) || isRate(text, start, end, amount);
  };
}

/** "three days" in "twenty three days", "two or three days"; "3 mg" in "10±3 mg", "1、3 mg". */
function isAfterNumber(text: Tokens, start: number): boolean {
  const [first, before, secondBefore] = [text[start], text[start - 1], text[start - 2]];
  if (first === undefined || !isNumeral(first)) return false;
  if (/(?:±|\+\/?-) ?$/.test(first.gap) || isInterval(before)) return true;
  return (
    (isNumeral(before) && joinsNumbers.test(first.gap)) || (isNumeral(secondBefore) && isConnector(before))
  );
}

/** "5" in "5 hundred", "5 or 6". */
function isBeforeNumber(text: Tokens, end: number): boolean {
  const [last, after, secondAfter] = [text[end - 1], text[end], text[end + 1]];
  if (!isNumeral(last) || after === undefined) return false;
  if (isNumeral(after) || isMultiplier(after)) return joinsNumbers.test(after.gap);
  return isNumeral(secondAfter) && isConnector(after);
}

/** Between two numbers: they are one, a sum, or a range, such as "2、3天" for two or three days. */
const joinsNumbers = /^(?: ?(?:[-~+±、·・]|\+\/?-|\.{2,3}) ?| )?$/;

/** "every three days" is not a duration of three days. */
const isInterval = (before: MentionToken | undefined): boolean =>
  before !== undefined && ['every', '每'].includes(before.text);

/** "3 mg" in "1 mg to 3 mg", "1 mg - 3 mg". */
const isEndOfRange = (text: Tokens, start: number): boolean =>
  (isRangeSign(text[start]) && isNumeral(text[start - 2])) ||
  (isRangeWord(text[start - 1]) && isNumeral(text[start - 3]));

/** "3 mg" in "3 mg to 5 mg", "3 mg - 5 mg". */
const isStartOfRange = (text: Tokens, end: number): boolean =>
  (isRangeSign(text[end]) && isNumeral(text[end])) || (isRangeWord(text[end]) && isNumeral(text[end + 1]));

const isRangeSign = (token: MentionToken | undefined): boolean =>
  /^ ?(?:[-~]|\.{3}) ?$/.test(token?.gap ?? '');

const isRangeWord = (token: MentionToken | undefined): boolean =>
  token !== undefined && ['to', 'through', '至', '到'].includes(token.text);

/** "三天" in "三天半", "3 mg" in "3 mg/kg", "3 mg per day per kg", "每公斤体重3毫克". */
function isRate(text: Tokens, start: number, end: number, amount: RegExp): boolean {
  const after = written(text.slice(end, end + 12));
  const before = written(text.slice(Math.max(0, start - 16), start)) + (text[start]?.gap ?? '');
  return hasHalf.test(after) || amount.test(after) || forEachAmount.test(before);
}

const written = (tokens: Tokens): string => tokens.map(({ gap, text }) => gap + text).join('');

const hasHalf = /^(?:半| and a half(?!\p{L}))/u;

/** A weight, a volume or an area; times may come before it: "/day/kg", "每次每公斤", "/(kg·d)", "kg-1". */
function perAmount(): RegExp {
  const per = '(?: ?\\/ ?\\(?| per | each | for (?:each|every) | a | ?每 ?)';
  const times = '(?:d|days?|h|hours?|doses?|weeks?|日|天|次|小时|小時)(?!\\p{sc=Latn})';
  const western =
    '(?:kgs?|kilos?|kilogram(?:me)?s?|lbs?|pounds?|m2|sq|square|g|grams?|dl|ml|millilit(?:er|re)s?|cc|l|' +
    'lit(?:er|re)s?)(?![\\p{L}\\p{N}])';
  const chinese = '公斤|千克|毫克|毫升|[斤克升]|平方';
  const power = '[ ·]?(?:kg|m|ml|l)-[12](?!\\p{N})';
  return new RegExp(
    `^(?:${per}${times}| daily)*(?:${per}(?:[\\p{Nd}.一]+ ?)?(?:${western}|${chinese})|${power})`,
    'u',
  );
}

/** Chinese has it in front; a number between would be the amount's. */
const forEachAmount =
  /[每按](?:1|一)? ?(?:公斤|千克|kg)(?!\p{sc=Latn})[^\p{Nd}〇零一二两兩三四五六七八九十百,.;:!?。、]{0,12}$/u;

/** "trois jours" in "vingt-trois jours", "codamol" in "co-codamol". */
function isInsideWord(text: Tokens, start: number): boolean {
  const [first, before] = [text[start], text[start - 1]];
  return first?.gap === '-' && before !== undefined && !isNumeral(before) && !first.isNumber;
}

/** "สามวัน" (three days) in "สิบสามวัน" (thirteen days): Thai has no spaces between words. */
const isAfterThaiNumeral = (text: Tokens, start: number, end: number): boolean =>
  thaiDigit.test(lettersOf(text.slice(start, end))) &&
  thaiPower.test(lettersOf(text.slice(Math.max(0, start - 6), start)));

const lettersOf = (tokens: Tokens): string => tokens.map(({ text }) => text).join('');

const thaiDigit = /^(?:หนึ่ง|เอ็ด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ร้อย|พัน)/u;

const thaiPower = /(?:สิบ|ร้อย|พัน|หมื่น|แสน|ล้าน|จุด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า)$/u;

const isNumeral = (token: MentionToken | undefined): boolean =>
  token !== undefined && (token.isNumber || numberWords.includes(token.text));

const isConnector = (token: MentionToken | undefined): boolean =>
  token !== undefined && ['to', 'through', 'or', 'and', 'point', 'x', '至', '到', '或'].includes(token.text);

const isMultiplier = (token: MentionToken): boolean =>
  ['hundred', 'thousand', 'million'].includes(token.text);

const numberWords: readonly string[] = [
  'zero',
  'nought',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'dozen',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
  'twenty',
  'thirty',
  'forty',
  'fifty',
  'sixty',
  'seventy',
  'eighty',
  'ninety',
  'hundred',
  'thousand',
  'half',
];
