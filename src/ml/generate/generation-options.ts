import type { ExponentialDecay, SequenceBias } from '../checkpoint/generation-config.ts';

/**
 * How sequences are generated. Names and meaning as transformers' GenerationConfig (4.57.1); 0, 1, null and
 * no elements switch a field off.
 */
export interface GenerationOptions {
  /** Tokens with the decoder's start. */
  readonly maxLength: number;
  /** While a sequence is shorter, it cannot end. Without the decoder's start. */
  readonly minNewTokens: number;
  readonly repetitionPenalty: number;
  readonly noRepeatNgramSize: number;
  /** No sequence holds an n-gram of this size that its source holds. */
  readonly encoderNoRepeatNgramSize: number;
  readonly encoderRepetitionPenalty: number;
  readonly badWords: readonly (readonly number[])[];
  readonly sequenceBias: readonly SequenceBias[];
  /** The first token after the decoder's start. */
  readonly forcedStart: number | null;
  /** The last token of a sequence that reaches the longest length. */
  readonly forcedEnd: readonly number[];
  readonly suppressed: readonly number[];
  /** Those that no sequence may begin with. */
  readonly suppressedAtStart: readonly number[];
  readonly exponentialDecay: ExponentialDecay | null;
  readonly removeInvalidValues: boolean;
  readonly renormalize: boolean;
  readonly startTokenId: number;
  /** Any of these ends a sequence. */
  readonly endTokenIds: readonly number[];
  readonly search: Search;
}

export type Search =
  | { readonly kind: 'greedy' }
  /** Draws with a generator for each row: (seed, row, step). */
  | {
      readonly kind: 'sample';
      readonly seed: number;
      readonly temperature: number;
      readonly topK: number;
      readonly topP: number;
    }
  | {
      readonly kind: 'beam';
      readonly beams: number;
      readonly earlyStopping: boolean | 'never';
      readonly lengthPenalty: number;
      readonly returned: number;
    };

/** A finished sequence: the decoder's start first, an end token last unless the length ran out. */
export interface GeneratedSequence {
  readonly tokens: readonly number[];
  /** Beam search: sum of log-probabilities / length ** lengthPenalty. */
  readonly score: number | null;
}
