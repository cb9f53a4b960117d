import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bertScores } from '../../src/ml/evaluate/bert-score.ts';
import { openSentenceEncoder } from '../../src/ml/evaluate/open-sentence-encoder.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { valueOf } from '../checkpoint/value-of.ts';

interface Table {
  readonly pairs: readonly (readonly [candidate: string, reference: string])[];
  readonly settings: readonly {
    readonly layer: number;
    readonly idf: boolean;
    /** Precision, recall and F1 of each pair; null: not a number. */
    readonly scores: readonly (readonly (number | null)[])[];
  }[];
}

const table: Table = JSON.parse(
  await readFile(join(import.meta.dirname, '../golden/bertscore-t5.json'), 'utf8'),
);
const model = join(import.meta.dirname, '../../data/models/nano-mt5');

describe('with a T5 encoder, BERTScore equals bert_score, end token and empty text included', () => {
  test.each(table.settings)('layer $layer, idf: $idf', async ({ layer, idf, scores }) => {
    const runtime = await openRuntime('onnx', { threads: 1 });
    const encoder = valueOf(
      await openSentenceEncoder(model, runtime, { layer, name: 'nano', tokenization: 'sentencepiece' }),
    );
    const pairs = table.pairs.map(([candidate, reference]) => ({ candidate, reference }));
    const found = await bertScores(pairs, encoder, runtime, { idf, baseline: null, batch: 64 });
    const worst = found.flatMap(({ precision, recall, f1 }, pair) =>
      [precision, recall, f1].map((score, part) => {
        const expected = scores[pair]?.[part] ?? Number.NaN;
        return Object.is(score, expected) ? 0 : Math.abs(score - expected);
      }),
    );
    expect(worst.filter((difference) => !(difference < 1e-5))).toEqual([]);
  });
});
