import type { MentionToken } from './mention-tokens.ts';

/**
 * Whether one of the four words before a place takes back what stands there: "do not take ibuprofen",
 * "不要服用布洛芬". Two Han characters count as a word: "不推荐使用布洛芬". A sign that ends a clause ends the search, and
 * so does a word that begins another ("not aspirin but zinc", "疼痛不缓解时服用布洛芬"). Limits deny nothing ("no more than
 * three days", "不超过三天"), nor do words that only begin like a denial ("not only", "不过"). The lists are fixed and
 * short, for English and Chinese.
 */
export function isNegated(tokens: readonly MentionToken[], start: number, end: number): boolean {
  if (tokens[end]?.text === 'free' && tokens[end]?.gap === '-') return true;
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
