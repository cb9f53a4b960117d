/** Text to ids and back, as transformers' tokenizers do it: mT5's and BERT's alike. */
export interface Tokenizer {
  /** One more than the highest id, those of added tokens included: the rows that an embedding has to have. */
  readonly vocabularySize: number;
  readonly special: SpecialIds;
  /** The model's maximum length, from the folder's tokenizer_config.json; Infinity if it has none. */
  readonly modelMaxLength: number;
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * Ids of a whole encoding, cut to at most `maxLength` as `encode` would have cut them: the special tokens
   * at its ends stay. So a caller that counts what was cut encodes once.
   */
  truncate(ids: readonly number[], maxLength: number): number[];
  /** An id that the vocabulary does not have gives no text (BERT's: [UNK], as there). */
  decode(ids: readonly number[], options?: DecodeOptions): string;
}

/** Ids with a role: `start` opens an encoding (BERT's [CLS]; mT5 has none), `end` closes it (</s>, [SEP]). */
export interface SpecialIds {
  readonly pad: number;
  readonly unknown: number;
  readonly start: number | undefined;
  readonly end: number;
}

export interface EncodeOptions {
  /** Longest encoding, special tokens included; a longer one loses its end. Default: no limit. */
  readonly maxLength?: number;
  /** Whether to open and close the encoding with its special tokens. Default: true. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out. Default: false. */
  readonly skipSpecialTokens?: boolean;
  /**
   * Remove the spaces before punctuation and in English contractions that splitting into words leaves.
   * Default: the setting of the folder's tokenizer_config.json.
   */
  readonly cleanUp?: boolean;
}
