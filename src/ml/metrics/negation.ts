import { deniedPredicateTest } from './denied-predicate.ts';
import type { MentionToken } from './mention-tokens.ts';

/**
 * Tests whether the words around a place take back what is there: "do not take ibuprofen", "ibuprofen is not
 * recommended", "不要服用布洛芬". The lists are fixed and short, for English and Chinese. The patterns are compiled
 * once for a test.
 */
export function negationTest(): (tokens: readonly MentionToken[], start: number, end: number) => boolean {
  const patterns: NegationPatterns = { denial: denial(), harmless: harmless(), openList: openList() };
  const hasDeniedPredicate = deniedPredicateTest();
  return (tokens, start, end) =>
    isNegatedBefore(tokens, start, patterns) ||
    isInDeniedList(tokens, start, end, patterns) ||
    hasDeniedPredicate(tokens, end);
}

interface NegationPatterns {
  readonly denial: RegExp;
  readonly harmless: RegExp;
  readonly openList: RegExp;
}

/**
 * By one of the four words before it; two Han characters count as a word: "不推荐使用布洛芬". A sign that ends a
 * clause ends the search, and so does a word that begins another ("not aspirin but zinc",
 * "疼痛不缓解时服用布洛芬"). Limits deny nothing ("no more than three days", "不超过三天"), nor do words that only
 * begin like a denial ("not only", "不过"), nor a denial of one ("do not stop taking", "不要停用"), nor what is
 * right behind an "if" ("如不退烧"). The items of a list are denied together, however long it is:
 * "不要服用阿司匹林、布洛芬".
 */
function isNegatedBefore(
  tokens: readonly MentionToken[],
  start: number,
  patterns: NegationPatterns,
): boolean {
  const isItem =
    joinsItems(tokens[start]) || ['和', '或', '及', '与'].includes(tokens[start - 1]?.text ?? '');
  let first = start;
  for (let words = 0; first > 0; first -= 1) {
    const isItemEnd = joinsItems(tokens[first]);
    if (isItemEnd ? !isItem : endsClause.test(tokens[first]?.gap ?? '')) break;
    if (isItemEnd) words = -reach; // a list's first item may be as long again as the verb before it
    const word = tokens[first - 1]?.text ?? '';
    words += /^\p{sc=Han}$/u.test(word) ? 0.5 : 1;
    if (words > reach || clauseWords.includes(word)) break;
  }
  const before = tokens.slice(first, start).map(({ text }) => text);
  return patterns.denial.test(` ${before.join(' ')} `.replace(patterns.harmless, ' '));
}

const reach = 4;

const endsClause = /[,.;:!?。]/;

const joinsItems = (token: MentionToken | undefined): boolean => token?.gap.includes('、') === true;

const clauseWords: readonly string[] = ['but', '时', '時', '请', '請', '则', '則', '就', '而', '但', '改'];

/** Each Han character is a token, so Chinese words are written with spaces here. */
const denialPhrases: readonly string[] = [
  "no|not|never|none|neither|nor|non|cannot|\\p{L}*n't",
  '(?:do|does|ca|wo|should|must)nt|without|except|against|avoid|avoids|avoiding',
  'refrain|refrains|refraining|stop|stops|stopping|instead of|rather than|不|没|沒|无|無',
  '勿|别|別|未|莫|禁|忌|停 用|停 止|避 免',
];

const denial = (): RegExp => new RegExp(` (?:${denialPhrases.join('|')}) `, 'u');

const harmlessPhrases: readonly string[] = [
  '(?:not|never) (?:only|just|merely|exceed|exceeding)',
  '(?:not|never) (?:\\p{L}+ )?more than|no (?:doubt|problem|matter)',
  '(?:no|not) (?:more|longer|later|less|fewer) than',
  "(?:not|never|\\p{L}+n't|cannot) (?:stop|avoid|skip|miss|forget|hesitate|delay)",
  '[不勿] (?:[要能得可应宜] )?超 [过過]|不 [多少低高大小] 于|不 [仅但只光过管论断妨久错适良]',
  '[不勿别別] (?:[要能得可应宜] )?(?:停(?: [用止])?|漏|忘)|不 舒 服|无 [论妨]',
  '(?:如|若|如 果|若 是|if) (?:不|无|無|没|沒|未|not|no)|未 来|[特分区] 别|别 人',
];

const harmless = (): RegExp => new RegExp(` (?:${harmlessPhrases.join('|')})(?= )`, 'gu');

/**
 * Whether it is a later item of a list with commas that a denial begins: "do not take aspirin, ibuprofen or
 * naproxen". After other commas a clause of its own may begin ("Do not worry, take ibuprofen").
 */
function isInDeniedList(
  tokens: readonly MentionToken[],
  start: number,
  end: number,
  patterns: NegationPatterns,
): boolean {
  if (tokens[start]?.gap !== ', ' && !/^(?:or|and|nor)$/.test(tokens[start - 1]?.text ?? '')) return false;
  const next = tokens[end];
  if (next !== undefined && !/^ ?[,.;:!?]/.test(next.gap) && !/^(?:or|and|nor)$/.test(next.text))
    return false;
  const before = tokens.slice(Math.max(0, start - longestList), start);
  return patterns.openList.test(before.map(({ gap, text }) => gap + text).join(''));
}

/** In tokens. */
const longestList = 16;

/** A denial with its verb, and items of a word each. */
const openList = (): RegExp =>
  new RegExp(
    "(?:^|\\P{L})(?:(?:not|never|cannot|\\p{L}*n't|dont) (?:take|use|give|combine|try)|avoid|avoiding|" +
      'without|against|refrain from)(?: (?:taking|using))? \\p{L}+(?:, \\p{L}+)*(?:,? (?:or|and|nor))?$',
    'u',
  );
