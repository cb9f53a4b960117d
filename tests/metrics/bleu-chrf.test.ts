import { expect, test } from 'vitest';
import golden from '../golden/bleu-chrf.json' with { type: 'json' };
import { bleu, bleuSignature, bleuTokenizerFor } from '../../src/ml/metrics/bleu.ts';
import { chrf, chrfSignature } from '../../src/ml/metrics/chrf.ts';

test("BLEU equals sacrebleu's with both tokenizers", () => {
  for (const { pairs, ...scores } of golden.corpora) {
    for (const tokenizer of ['13a', 'zh'] as const)
      expect(bleu(pairs, tokenizer), `${tokenizer} ${JSON.stringify(pairs)}`).toBeCloseTo(
        scores[tokenizer],
        10,
      );
  }
});

test("chrF equals sacrebleu's", () => {
  for (const { pairs, chrf: score } of golden.corpora)
    expect(chrf(pairs), JSON.stringify(pairs)).toBeCloseTo(score, 10);
});

test("signatures are sacrebleu's, after the metric's name", () => {
  expect(bleuSignature('13a')).toBe(`BLEU|${golden.signatures['13a']}`);
  expect(bleuSignature('zh')).toBe(`BLEU|${golden.signatures.zh}`);
  expect(chrfSignature).toBe(`chrF2|${golden.signatures.chrf}`);
});

test('Chinese references are split into characters', () => {
  expect(bleuTokenizerFor(['多喝水', '休息', 'rest'])).toBe('zh');
  expect(bleuTokenizerFor(['rest', '休息'])).toBe('13a');
  expect(bleuTokenizerFor([])).toBe('13a');
});
