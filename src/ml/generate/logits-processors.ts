import type { ExponentialDecay, SequenceBias } from '../checkpoint/generation-config.ts';
import type { GenerationOptions } from './generation-options.ts';

export type Scores = Float32Array | Float64Array;

/**
 * Changes the scores of one sequence's next token in place. `tokens`: what it has so far, the decoder's start
 * included.
 */
export type LogitsProcessor = (tokens: readonly number[], scores: Scores) => void;

/**
 * The processors that the options require, for the continuations of a source, in transformers' order, which
 * affects the result.
 */
export function processorsOf(
  options: GenerationOptions,
  source: readonly number[],
): readonly LogitsProcessor[] {
  const { search, endTokenIds, maxLength, forcedStart, forcedEnd, exponentialDecay: decay } = options;
  const encoderNgram = options.encoderNoRepeatNgramSize;
  return [
    ...(options.sequenceBias.length === 0 ? [] : [sequenceBias(options.sequenceBias)]),
    ...(options.encoderRepetitionPenalty === 1
      ? []
      : [encoderRepetitionPenalty(options.encoderRepetitionPenalty, source)]),
    ...(options.repetitionPenalty === 1 ? [] : [repetitionPenalty(options.repetitionPenalty)]),
    ...(options.noRepeatNgramSize === 0 ? [] : [noRepeatNgram(options.noRepeatNgramSize)]),
    ...(encoderNgram === 0 ? [] : [noSourceNgram(encoderNgram, source)]),
    ...(options.badWords.length === 0 ? [] : [noBadWords(options.badWords, endTokenIds)]),
    ...(options.minNewTokens === 0 ? [] : [minNewTokens(options.minNewTokens, endTokenIds)]),
    ...(forcedStart === null ? [] : [forcedAt(1, [forcedStart])]),
    ...(forcedEnd.length === 0 ? [] : [forcedAt(maxLength - 1, forcedEnd)]),
    ...(options.removeInvalidValues ? [removeInvalidValues] : []),
    ...(decay === null ? [] : [exponentialDecay(decay, endTokenIds)]),
    ...(options.suppressed.length === 0 ? [] : [suppress(options.suppressed)]),
    ...(options.suppressedAtStart.length === 0
      ? []
      : [suppressAt(forcedStart === null ? 1 : 2, options.suppressedAtStart)]),
    ...(search.kind === 'sample' ? samplingProcessors(search) : []),
    ...(options.renormalize ? [renormalize] : []),
  ];
}

/** What shapes the distribution that is sampled from. */
export const samplingProcessors = (search: {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}): readonly LogitsProcessor[] => [
  ...(search.temperature === 1 ? [] : [temperature(search.temperature)]),
  ...(search.topK === 0 ? [] : [topK(search.topK)]),
  ...(search.topP >= 1 ? [] : [topP(search.topP)]),
];

/**
 * Adds to the score of the token that would complete a sequence. As transformers'
 * SequenceBiasLogitsProcessor: of equal sequences the last applies, and a sequence longer than the current
 * output never does.
 */
export function sequenceBias(biases: readonly SequenceBias[]): LogitsProcessor {
  const unique = [...new Map(biases.map((each) => [each.tokens.join(), each])).values()];
  return (tokens, scores) => {
    const sums = new Map<number, number>();
    for (const { tokens: sequence, bias } of unique) {
      const last = sequence.at(-1);
      const start = tokens.length - (sequence.length - 1);
      if (last === undefined || (sequence.length > 1 && sequence.length > tokens.length)) continue;
      if (sequence.slice(0, -1).every((token, index) => tokens[start + index] === token))
        sums.set(last, Math.fround((sums.get(last) ?? 0) + Math.fround(bias)));
    }
    for (const [token, bias] of sums) {
      const score = scores[token];
      if (score !== undefined) scores[token] = score + bias;
    }
  };
}

/**
 * Makes tokens of the source likelier, by a penalty above 1. As transformers'
 * EncoderRepetitionPenaltyLogitsProcessor.
 */
export const encoderRepetitionPenalty = (penalty: number, source: readonly number[]): LogitsProcessor => {
  const apply = repetitionPenalty(1 / penalty);
  return (_tokens, scores) => apply(source, scores);
};

/**
 * Makes tokens that are in the sequence less likely (Keskar et al. 2019). As transformers'
 * RepetitionPenaltyLogitsProcessor.
 */
export const repetitionPenalty =
  (penalty: number): LogitsProcessor =>
  (tokens, scores) => {
    for (const token of new Set(tokens)) {
      const score = scores[token];
      if (score !== undefined) scores[token] = score < 0 ? score * penalty : score / penalty;
    }
  };

/**
 * Forbids every token that would complete an n-gram seen before. As transformers'
 * NoRepeatNGramLogitsProcessor.
 */
export const noRepeatNgram =
  (size: number): LogitsProcessor =>
  (tokens, scores) => {
    for (const token of ngramEnds(tokens, size)) forbid(scores, token);
  };

/** The tokens that would complete an n-gram seen before. */
export function ngramEnds(tokens: readonly number[], size: number): readonly number[] {
  const prefix = tokens.length - (size - 1);
  if (prefix < 0) return [];
  const ends: number[] = [];
  for (let start = 0; start + size <= tokens.length; start += 1)
    if (sameTokens(tokens, start, prefix, size - 1))
      ends.push(...tokens.slice(start + size - 1, start + size));
  return ends;
}

/**
 * Forbids every token that would complete an n-gram of the source. As transformers'
 * EncoderNoRepeatNGramLogitsProcessor.
 */
export function noSourceNgram(size: number, source: readonly number[]): LogitsProcessor {
  const endings = new Map<string, number[]>();
  for (let start = 0; start + size <= source.length; start += 1) {
    const prefix = source.slice(start, start + size - 1).join();
    endings.set(prefix, [...(endings.get(prefix) ?? []), ...source.slice(start + size - 1, start + size)]);
  }
  return (tokens, scores) => {
    const prefix = tokens.slice(Math.max(0, tokens.length - (size - 1)));
    if (prefix.length === size - 1)
      for (const token of endings.get(prefix.join()) ?? []) forbid(scores, token);
  };
}

/**
 * Forbids the last token of a word whose other tokens end the sequence. As transformers'
 * NoBadWordsLogitsProcessor.
 */
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

/**
 * The end is forbidden until so many tokens follow the decoder's start. As transformers'
 * MinNewTokensLengthLogitsProcessor.
 */
export const minNewTokens =
  (count: number, endTokenIds: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    if (tokens.length - 1 < count) for (const end of endTokenIds) forbid(scores, end);
  };

/**
 * Leaves one of these as the token at a place. As transformers' ForcedBOSTokenLogitsProcessor and
 * ForcedEOSTokenLogitsProcessor.
 */
export const forcedAt =
  (place: number, forced: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    if (tokens.length !== place) return;
    scores.fill(-Infinity);
    for (const token of forced) if (token < scores.length) scores[token] = 0;
  };

/** Not-a-numbers become 0, infinities the largest numbers. As transformers' InfNanRemoveLogitsProcessor. */
export const removeInvalidValues: LogitsProcessor = (_tokens, scores) => {
  for (let token = 0; token < scores.length; token += 1) {
    const score = scores[token] ?? 0;
    if (Number.isNaN(score)) scores[token] = 0;
    else if (!Number.isFinite(score)) scores[token] = score > 0 ? largest : -largest;
  }
};

/** Of float32. */
const largest = (2 - 2 ** -23) * 2 ** 127;

/**
 * Makes the end likelier with every token after the first `start`. As transformers'
 * ExponentialDecayLengthPenalty; an end that is forbidden stays so, where the infinity of its score gives not
 * a number there.
 */
export const exponentialDecay =
  ({ start, factor }: ExponentialDecay, endTokenIds: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    const past = tokens.length - (start + 1);
    if (past <= 0) return;
    const growth = Math.fround(factor ** past - 1);
    for (const end of endTokenIds) {
      const score = scores[end];
      if (score !== undefined && score !== -Infinity)
        scores[end] = score + Math.fround(Math.abs(score) * growth);
    }
  };

/** As transformers' SuppressTokensLogitsProcessor. */
export const suppress =
  (suppressed: readonly number[]): LogitsProcessor =>
  (_tokens, scores) => {
    for (const token of suppressed) forbid(scores, token);
  };

/** The same at one place. As transformers' SuppressTokensAtBeginLogitsProcessor. */
export const suppressAt =
  (place: number, suppressed: readonly number[]): LogitsProcessor =>
  (tokens, scores) => {
    if (tokens.length === place) for (const token of suppressed) forbid(scores, token);
  };

/** Scores become logarithms of probabilities again. As transformers' LogitNormalization. */
export const renormalize: LogitsProcessor = (_tokens, scores) => {
  let highest = -Infinity;
  for (const score of scores) if (score > highest) highest = score;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - highest);
  const total = highest + Math.log(sum);
  for (let token = 0; token < scores.length; token += 1) scores[token] = (scores[token] ?? 0) - total;
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
 * Keeps the smallest set of tokens whose probability exceeds p, at least one (Holtzman et al. 2019). As
 * transformers' TopPLogitsWarper, which goes up from the least likely one. Among equals the lower id is
 * dropped first; torch.sort, which is not stable, leaves that order open.
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
