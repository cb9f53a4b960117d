import type { GenerationOptions } from '../../src/ml/generate/generation-options.ts';

/** Greedy search in which every field is switched off. */
export const plainOptions: GenerationOptions = {
  maxLength: 20,
  minNewTokens: 0,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  encoderNoRepeatNgramSize: 0,
  encoderRepetitionPenalty: 1,
  badWords: [],
  sequenceBias: [],
  forcedStart: null,
  forcedEnd: [],
  suppressed: [],
  suppressedAtStart: [],
  exponentialDecay: null,
  removeInvalidValues: false,
  renormalize: false,
  startTokenId: 0,
  endTokenIds: [1],
  search: { kind: 'greedy' },
};
