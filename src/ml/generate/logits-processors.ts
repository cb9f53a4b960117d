import type { GenerationOptions } from './generation-options.ts';

export type Scores = Float32Array | Float64Array;

/** Changes the scores of one sequence's next token in place. `tokens`: what it has so far, the decoder's start included. */
export type LogitsProcessor = (tokens: readonly number[], scores: Scores) => void;

/** The processors that the options ask for, in transformers' order, which is part of the result. */
export function processorsOf(options: GenerationOptions): readonly LogitsProcessor[] {
  const { search, endTokenIds } = options;
  return [
    ...(options.repetitionPenalty === 1 ? [] : [repetitionPenalty(options.repetitionPenalty)]),
    ...(options.noRepeatNgramSize === 0 ? [] : [noRepeatNgram(options.noRepeatNgramSize)]),
    ...(options.badWords.length === 0 ? [] : [noBadWords(options.badWords, endTokenIds)]),
    ...(options.minNewTokens === 0 ? [] : [minNewTokens(options.minNewTokens, endTokenIds)]),
    ...(search.kind === 'sample' ? samplingProcessors(search) : []),
  ];
}

/** What shapes the distribution that is sampled from. */
const samplingProcessors = (search: {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}): readonly LogitsProcessor[] => [
  ...(search.temperature === 1 ? [] : [temperature(search.temperature)]),
  ...(search.topK === 0 ? [] : [topK(search.topK)]),
  ...(search.topP >= 1 ? [] : [topP(search.topP)]),
];

/** Makes tokens that stand in the sequence less likely (Keskar et al. 2019). As transformers' RepetitionPenaltyLogitsProcessor. */
export const repetitionPenalty =
  (penalty: number): LogitsProcessor =>
  (tokens, scores) => {
    for (const token of new Set(tokens)) {
      const score = scores[token];
      if (score !== undefined) scores[token] = score < 0 ? score * penalty : score / penalty;
    }
  };

/** Forbids every token that would complete an n-gram seen before. As transformers' NoRepeatNGramLogitsProcessor. */
export const noRepeatNgram =
  (size: number): LogitsProcessor =>
  (tokens, scores) => {
    const prefix = tokens.length - (size - 1);
    if (prefix < 0) return;
    for (let start = 0; start + size <= tokens.length; start += 1) {
      if (sameTokens(tokens, start, prefix, size - 1)) forbid(scores, tokens[start + size - 1]);
    }
  };

/** Forbids the last token of a word whose other tokens stand at the end. As transformers' NoBadWordsLogitsProcessor. */
export const noBadWords =
  (words: readonly (readonly number[])[], endTokenIds: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    for (const word of words) {
      const start = tokens.length - (word.length - 1);
      const endsAlone = word.length === 1 && endTokenIds.some((end) => end === word[0]);
      if (endsAlone || word.length > tokens.length) continue;
      if (word.slice(0, -1).every((token, index) => tokens[start + index] === token))
        forbid(scores, word.at(-1));
    }
  };

/** The end is forbidden until so many tokens follow the decoder's start. As transformers' MinNewTokensLengthLogitsProcessor. */
export const minNewTokens =
  (count: number, endTokenIds: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    if (tokens.length - 1 < count) for (const end of endTokenIds) forbid(scores, end);
  };

/** As transformers' TemperatureLogitsWarper. */
export const temperature =
  (value: number): LogitsProcessor =>
  (_tokens, scores) => {
    for (let token = 0; token < scores.length; token += 1) scores[token] = (scores[token] ?? 0) / value;
  };

/** Keeps the k highest scores and those equal to the last of them. As transformers' TopKLogitsWarper. */
export const topK =
  (k: number): LogitsProcessor =>
  (_tokens, scores) => {
    if (k >= scores.length) return;
    const least = Float64Array.from(scores).sort().at(-k) ?? -Infinity;
    for (let token = 0; token < scores.length; token += 1)
      if ((scores[token] ?? 0) < least) scores[token] = -Infinity;
  };

/**
 * Keeps the smallest set of tokens whose probability exceeds p, at least one (Holtzman et al. 2019). As transformers'
 * TopPLogitsWarper, which goes up from the least likely one. Among equals the lower id is dropped first; torch.sort, which is
 * not stable, leaves that order open.
 */
export const topP =
  (p: number): LogitsProcessor =>
  (_tokens, scores) => {
    const finite = Array.from(scores.keys()).filter((token) => (scores[token] ?? -Infinity) > -Infinity);
    const ascending = finite.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
    const highest = scores[ascending.at(-1) ?? 0] ?? 0;
    const total = ascending.reduce((sum, token) => sum + Math.exp((scores[token] ?? 0) - highest), 0);
    let cumulative = 0;
    for (const token of ascending.slice(0, -1)) {
      cumulative += Math.exp((scores[token] ?? 0) - highest) / total;
      if (cumulative > 1 - p) return;
      scores[token] = -Infinity;
    }
  };

function forbid(scores: Scores, token: number | undefined): void {
  if (token !== undefined && token < scores.length) scores[token] = -Infinity;
}

function sameTokens(tokens: readonly number[], left: number, right: number, length: number): boolean {
  for (let index = 0; index < length; index += 1)
    if (tokens[left + index] !== tokens[right + index]) return false;
  return true;
}
