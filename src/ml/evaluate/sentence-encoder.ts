import type { Rows } from '../model/rows.ts';

/** What turns a text into a vector a token. */
export interface SentenceEncoder {
  /** Whose vectors they are: "nano-mt5 encoder, layer 2". */
  readonly label: string;
  /**
   * Stripped, truncated to the model's maximum length, with special tokens around; a text without words has
   * these alone.
   */
  tokenize(text: string): readonly number[];
  /**
   * A BERT's [CLS] and [SEP]: matched against, but of no weight without idf. A T5 has none: its end token
   * counts.
   */
  readonly separators: readonly number[];
  readonly width: number;
  /** The hidden states of one layer, float32 [tokens, width] a row, in the order of the rows. */
  embed(rows: Rows): Promise<readonly Float32Array[]>;
}
