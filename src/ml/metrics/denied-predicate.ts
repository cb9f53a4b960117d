import type { MentionToken } from './mention-tokens.ts';

/**
 * Tests whether a predicate in the same clause negates the value before it (which ends before `end`):
 * "ibuprofen is not recommended", "布洛芬不推荐". Only whole predicates of a list count, since most words after
 * a negation reverse it again ("should not be stopped", "is not only safe", "不宜过量"). The patterns are
 * compiled once.
 */
export function deniedPredicateTest(): (tokens: readonly MentionToken[], end: number) => boolean {
  const predicates = deniedPredicates();
  return (tokens, end) => {
    if (tokens[end]?.text === 'free' && tokens[end]?.gap === '-') return true;
    const clause = clauseAfter(tokens, end);
    return predicates.some((denied) => denied.test(clause));
  };
}

/** The words with a space around each; commas are words, and an aside in brackets is left out. */
function clauseAfter(tokens: readonly MentionToken[], end: number): string {
  const words: string[] = [];
  for (let place = afterBrackets(tokens, end); place < tokens.length; place += 1) {
    const { gap = '', text = '' } = tokens[place] ?? {};
    // What a value's colon begins may be its predicate ("Ibuprofen: not recommended").
    if (place === end ? /[.;!?。]/.test(gap) : /[.;:!?。]/.test(gap)) break;
    if (/[,、]/.test(gap)) words.push(gap.includes('、') ? '、' : ',');
    words.push(text);
  }
  return ` ${words.join(' ')} `;
}

function afterBrackets(tokens: readonly MentionToken[], end: number): number {
  if (!/^ ?\($/.test(tokens[end]?.gap ?? '')) return end;
  const closing = tokens.findIndex(({ gap }, place) => place > end && gap.includes(')'));
  return closing === -1 ? end : closing;
}

/**
 * What may come between a value and its predicate: "ibuprofen and aspirin tablets are …", "布洛芬片应该…". Of two
 * things no verb is singular: "take ibuprofen and zinc is not needed" denies zinc.
 * The items of a Chinese list are bounded: without a bound, a text that only repeats 和 takes exponential
 * time.
 */
const subject =
  '(?:(?:, \\p{sc=Latn}+ )*(?:, )?(?:and|or|nor) \\p{sc=Latn}+ (?!is|was|does))?(?:(?:tablets?|' +
  'capsules?|therapy|treatment|use|itself|alone) )?(?:, (?:however|though|therefore) , )?';

const chineseSubject =
  '(?:[和或及与與、] (?:\\p{sc=Han} ){1,8}?){0,3}(?:片 |胶 囊 |颗 粒 |缓 释 片 )?(?:[则則是应應该該也都已并並暂暫要] |绝 对 |一 般 |' +
  '通 常 |目 前 |千万 )*';

const good =
  '(?:recommended|advised|advisable|indicated|suitable|appropriate|safe|allowed|permitted|needed|' +
  'necessary|required|effective|helpful)';

const bad =
  '(?:contraindicated|forbidden|prohibited|discouraged|unsafe|dangerous|harmful|unsuitable|' +
  'inappropriate|unnecessary|ineffective)';

const given = '(?:taken|used|given|prescribed|administered|recommended)';

const denies = '(?:not|never|no longer|not at all)';

const english: readonly string[] = [
  `(?:(?:is|are|was|were) (?:\\p{L}+ly )?${denies}|isn't|aren't|wasn't|weren't) ${good} `,
  `(?:(?:should|must|may|can|could|would) (?:not|never)|cannot|(?:should|must|ca|would)n't) be ${given} `,
  `(?:is|are) (?:not|never) to be ${given} `,
  `(?:is|are) (?:\\p{L}+ly )?${bad} `,
  '(?:should|must|is to|are to|has to|have to|needs to|ought to) be (?:avoided|stopped|discontinued) ',
  '(?:is|are) best avoided ',
  "(?:(?:will|do|does) not|won't|don't|doesn't) (?:help|work) ",
  `(?:not|never) ${good} `,
];

const chinese: readonly string[] = [
  '不 (?:推 [荐薦]|建 [议議]|主 张) ',
  '不 (?:[适適] [合用](?: [您你])?|需 要|必) (?:,|$)',
  '不 (?:[可应應] [以该該当當]|[可能要宜应應该該]|需 要|必) (?:再 )?(?:使 用|服 用|用|服|吃)(?: 了)? (?:,|$)',
  '(?:[禁忌停] 用|禁 忌|避 免(?: [使服] 用)?) (?:,|$)',
  '(?:[无無] [效用]|[没沒] (?:有 )?(?:效 果|作 用|用|效)) (?:,|$)',
];

/** Each Han character is a token, so Chinese words are written with spaces here. */
const deniedPredicates = (): readonly RegExp[] => [
  new RegExp(`^ ${subject}(?:${english.join('|')})`, 'u'),
  new RegExp(`^ ${chineseSubject}(?:${chinese.join('|')})`, 'u'),
];
