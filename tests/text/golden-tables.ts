import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../src/files/json.ts';

const folder = join(import.meta.dirname, '../golden/tokenizers');

/** What tests/golden/tokenizer-tables.py made. */
export interface GoldenTables {
  readonly sentencepiece: Readonly<
    Record<
      string,
      {
        readonly rows: readonly PieceRow[];
        readonly decodes: readonly { readonly ids: readonly number[]; readonly text: string }[];
      }
    >
  >;
  readonly t5: Readonly<
    Record<
      string,
      {
        readonly model: string;
        readonly config: Json;
        readonly sentencepiece: T5Rows;
        readonly transformers: T5Rows;
      }
    >
  >;
  readonly bert: readonly { readonly config: Json; readonly rows: readonly BertRow[] }[];
}
export interface PieceRow {
  readonly text: string;
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
  readonly normalized: string;
  readonly decoded: string;
}
export interface T5Rows {
  readonly size: number;
  readonly rows: readonly (BertRow & { readonly decoded: string })[];
}
export interface BertRow {
  readonly text: string;
  readonly ids: readonly number[];
  readonly cut: readonly number[];
  readonly plain: string;
}

export const goldenTables = (): GoldenTables => JSON.parse(readFileSync(join(folder, 'tables.json'), 'utf8'));
export const goldenModel = (name: string): Buffer => readFileSync(join(folder, `${name}.model`));
export const goldenVocabulary = (): Buffer => readFileSync(join(folder, 'vocab.txt'));
export const goldenTokenizerJson = (name: string): Json =>
  JSON.parse(readFileSync(join(folder, `${name}.tokenizer.json`), 'utf8'));
