import type { MentionToken } from './mention-tokens.ts';

/**
 * Whether the words around a place take back what is there: "do not take ibuprofen", "ibuprofen is not
 * recommended", "不要服用布洛芬", "布洛芬不推荐". The lists are fixed and short, for English and Chinese.
 */
export const isNegated = (tokens: readonly MentionToken[], start: number, end: number): boolean =>
  isNegatedBefore(tokens, start) || isNegatedAfter(tokens, end);

/**
 * By one of the four words before it; two Han characters count as a word: "不推荐使用布洛芬". A sign that ends a
 * clause ends the search, and so does a word that begins another ("not aspirin but zinc",
 * "疼痛不缓解时服用布洛芬"). Limits deny nothing ("no more than three days", "不超过三天"), nor do words that only
 * begin like a denial ("not only", "不过").
 */
function isNegatedBefore(tokens: readonly MentionToken[], start: number): boolean {
  let first = start;
  for (let words = 0; first > 0 && !endsClause.test(tokens[first]?.gap ?? ''); first -= 1) {
    const word = tokens[first - 1]?.text ?? '';
    words += /^\p{sc=Han}$/u.test(word) ? 0.5 : 1;
    if (words > reach || clauseWords.includes(word)) break;
  }
  const before = tokens.slice(first, start).map(({ text }) => text);
  const window = ` ${before.join(' ')} `;
  return denial.test(window.replace(harmless, ' ')) || /n't /.test(window);
}

const reach = 4;

const endsClause = /[,.;:!?。、]/;

const clauseWords: readonly string[] = ['but', '时', '時', '请', '請', '则', '則', '就', '而', '但', '改'];

/** Each Han character is a token, so Chinese words are written with spaces here. */
const denial =
  / (?:no|not|never|none|neither|nor|non|cannot|without|except|against|avoid|avoids|avoiding|stop|stops|stopping|instead of|rather than|不|没|沒|无|無|勿|别|別|未|莫|禁|忌|停 用|停 止|避 免) /u;

const harmless =
  / (?:(?:not|never) (?:only|just|merely|exceed|exceeding)|(?:not|never) (?:\p{L}+ )?more than|no (?:doubt|problem|matter)|(?:no|not) (?:more|longer|later|less|fewer) than|[不勿] (?:[要能得可应宜] )?超 [过過]|不 [多少低高大小] 于|不 [仅但只光过管论断妨久错适良]|不 舒 服|无 [论妨]|未 来|[特分区] 别|别 人)(?= )/gu;

/**
 * By the predicate that follows in the same clause. Only whole predicates of a list count, since most words
 * after a denial turn it again ("should not be stopped", "is not only safe", "不宜过量").
 */
function isNegatedAfter(tokens: readonly MentionToken[], end: number): boolean {
  if (tokens[end]?.text === 'free' && tokens[end]?.gap === '-') return true;
  let last = end;
  while (last < end + longestPredicate && last < tokens.length && !endsClause.test(tokens[last]?.gap ?? ''))
    last += 1;
  const after = tokens.slice(end, last).map(({ text }) => text);
  const predicate = ` ${after.join(' ')} `.replace(beforePredicate, ' ');
  return deniedPredicates.some((denied) => denied.test(predicate));
}

/** In tokens. */
const longestPredicate = 10;

/** What may come between a value and its predicate: "ibuprofen and aspirin tablets are …", "布洛芬应该…". */
const beforePredicate =
  /^ (?:(?:and|or) \p{L}+ )?(?:(?:tablets?|capsules?|therapy|treatment|itself|alone) )?(?:[则則是应應该該也都已并並] )*/u;

const deniedPredicates: readonly RegExp[] = [
  /^ (?:(?:is|are|was|were) (?:\p{L}+ly )?(?:not|never|no longer)|isn't|aren't|wasn't|weren't) (?:recommended|advised|advisable|indicated|suitable|appropriate|safe|allowed|permitted|needed|necessary|required|effective|helpful) /u,
  /^ (?:(?:should|must|may|can|could) (?:not|never)|cannot|shouldn't|mustn't|can't) be (?:taken|used|given|prescribed|administered|recommended) /,
  /^ (?:is|are) (?:contraindicated|forbidden|prohibited|unsafe|unsuitable|inappropriate|unnecessary|ineffective) /,
  /^ (?:should|must|is to|are to|has to|have to) be (?:avoided|stopped|discontinued) /,
  /^ 不 (?:推 [荐薦]|建 [议議]|主 张) /,
  /^ 不 (?:(?:[适適] [合用]|需 要|必)|(?:[可能要宜应應]|需 要|必) (?:使 用|服 用|用|服|吃)) $/,
  /^ (?:[禁忌停] 用|禁 忌|避 免|[无無] 效) $/,
];
