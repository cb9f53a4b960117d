import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import golden from '../golden/text-metrics.json' with { type: 'json' };
import { isExactMatch } from '../../src/ml/metrics/exact-match.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import { porterStem } from '../../src/ml/metrics/porter-stem.ts';
import { multilingualProfile, referenceProfile } from '../../src/ml/metrics/profile.ts';
import { rougeScores } from '../../src/ml/metrics/rouge.ts';
import { isSquadExactMatch, squadF1 } from '../../src/ml/metrics/squad.ts';
import { wordSetScore } from '../../src/ml/metrics/token-f1.ts';
import {
  alphanumericTokens,
  characterTokens,
  mixedTokens,
  stemmedTokenizer,
  wordTokenizer,
} from '../../src/ml/metrics/tokenize.ts';
import { pythonLower } from '../../src/ml/text/python-text.ts';

const tokenizers = {
  stemmed: stemmedTokenizer(),
  plain: alphanumericTokens,
  characters: characterTokens,
  mixed: tabledMixedTokens,
};

test('ROUGE equals rouge_score with every tokenizer', () => {
  for (const { reference, prediction, rouge } of golden.pairs) {
    for (const name of ['stemmed', 'plain', 'characters', 'mixed'] as const) {
      const { rouge1, rouge2, rougeL, rougeLsum } = rougeScores(reference, prediction, tokenizers[name]);
      const ours = [rouge1, rouge2, rougeL, rougeLsum].flatMap(({ precision, recall, fmeasure }) => [
        precision,
        recall,
        fmeasure,
      ]);
      expect(ours, `${name} ${JSON.stringify([reference, prediction])}`).toEqual(rouge[name]);
    }
  }
});

test('token F1 and exact match equal the Python originals', () => {
  const ours = golden.pairs.map(({ reference, prediction }) => {
    const { precision, recall, fmeasure } = wordSetScore(reference, prediction);
    return {
      set: [precision, recall, fmeasure],
      exact: isExactMatch(reference, prediction),
      squadF1: squadF1(reference, prediction),
      squadExact: isSquadExactMatch(reference, prediction),
    };
  });
  expect(ours).toEqual(
    golden.pairs.map(({ set, exact, squadF1: f1, squadExact }) => ({ set, exact, squadF1: f1, squadExact })),
  );
});

test("stems equal nltk's, including names of Object.prototype", () => {
  expect(Object.fromEntries(Object.keys(golden.stems).map((word) => [word, porterStem(word)]))).toEqual(
    golden.stems,
  );
});

test('the longest common subsequence equals the textbook algorithm', () => {
  const tokens = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 100 });
  fc.assert(
    fc.property(tokens, tokens, (reference, prediction) => {
      const { rougeL } = rougeScores(reference.join(' '), prediction.join(' '), alphanumericTokens);
      const length = textbookLength(reference, prediction);
      expect(rougeL.recall).toBe(length === 0 ? 0 : length / reference.length);
      expect(rougeL.precision).toBe(length === 0 ? 0 : length / prediction.length);
    }),
  );
});

test('a newline between texts changes only ROUGE-Lsum', () => {
  const line = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(line, line, (reference, prediction) => {
      const { rougeLsum: split, ...rest } = rougeScores(`${reference}\n`, prediction, alphanumericTokens);
      const { rougeLsum: whole, ...same } = rougeScores(reference, prediction, alphanumericTokens);
      expect(rest).toEqual(same);
      expect(split).toEqual(whole);
      expect(whole).toEqual(same.rougeL);
    }),
  );
});

test('the reference profile ignores Chinese, the multilingual one counts it', () => {
  const [reference, prediction] = ['多喝水，休息两天。', '休息两天，多喝水。'];
  expect(referenceProfile()(reference, prediction)).toEqual({
    rouge1: 0,
    rouge2: 0,
    rougeL: 0,
    rougeLsum: 0,
    f1: 0,
    exact_match: 0,
  });
  expect(multilingualProfile(mixedTokens)(reference, prediction)).toEqual({
    rouge1: 1,
    rouge2: 5 / 6,
    rougeL: 4 / 7,
    rougeLsum: 4 / 7,
    f1: 1,
    exact_match: 0,
  });
  const words = wordTokenizer((text) => text.split(/(,|休息|。)/));
  expect(multilingualProfile(words)(reference, prediction)).toMatchObject({
    rouge1: 1,
    rougeL: 2 / 3,
    f1: 1,
  });
});

test('the mean is rounded as by numpy', () => {
  // np.mean([1 / k for k in range(1, n + 1)]) of numpy 2.4 for n = 7, 8, 130, 1000, 3037
  expect([7, 8, 130, 1000, 3037].map((count) => mean(harmonic(count)))).toEqual([
    0.37040816326530607, 0.3397321428571428, 0.04191224106358443, 0.007485470860550345, 0.002830426656920106,
  ]);
});

const harmonic = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => 1 / (index + 1));

function textbookLength(left: readonly string[], right: readonly string[]): number {
  let before: readonly number[] = right.map(() => 0);
  for (const token of left) {
    const row: number[] = [];
    right.forEach((other, column) => {
      const diagonal = column === 0 ? 0 : (before[column - 1] ?? 0);
      row.push(token === other ? diagonal + 1 : Math.max(before[column] ?? 0, row[column - 1] ?? 0));
    });
    before = row;
  }
  return before.at(-1) ?? 0;
}

/** The tables' "mixed": each ideograph, and each run of a-z and 0-9 of the lower-cased text. */
function tabledMixedTokens(text: string): readonly string[] {
  const ideographOrRun = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2fa1f}]|[a-z0-9]+/gu;
  return pythonLower(text).match(ideographOrRun) ?? [];
}

describe('the multilingual profile outside Latin and Han', () => {
  const score = multilingualProfile(mixedTokens);

  test('a wrong answer scores 0 in any script, the right one 1', () => {
    const answers = [
      ['Принимайте ибупрофен', 'Отдыхайте дома'],
      ['けんさをうけて', 'ねましょ'],
      ['약을 드세요', '물 마시기'],
      ['تناول الدواء', 'اشرب الماء'],
      ['दवा लें', 'पानी पियो'],
      ['πάρτε φάρμακο', 'μείνετε σπίτι'],
    ] as const;
    for (const [reference, other] of answers) {
      expect(score(reference, other), other).toMatchObject({ rouge1: 0, rougeL: 0, f1: 0, exact_match: 0 });
      expect(score(reference, reference)).toMatchObject({ rouge1: 1, rougeL: 1, f1: 1, exact_match: 1 });
    }
  });

  test('letters with accents count, composed or not', () => {
    expect(mixedTokens('Évite le café')).toEqual(['évite', 'le', 'café']);
    expect(score('café', 'caf').f1).toBe(0);
    expect(score('caf\u00e9', 'cafe\u0301')).toMatchObject({ f1: 1, rouge1: 1, exact_match: 1 });
  });

  test('full-width forms equal others in all scores, with every tokenizer', () => {
    for (const tokenize of [mixedTokens, characterTokens, wordTokenizer((text) => [...text])]) {
      const { rouge1, rougeL, f1, exact_match } = multilingualProfile(tokenize)(
        '每天３次，ＶＣ',
        '每天3次,vc',
      );
      expect([rouge1, rougeL, f1, exact_match]).toEqual([1, 1, 1, 1]);
    }
  });

  test('texts without tokens are equal only if they are the same', () => {
    expect(Object.values(score('。', ''))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Object.values(score('。', '！'))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Object.values(score(' 。', '。'))).toEqual([1, 1, 1, 1, 1, 1]);
    expect(Object.values(score('', ''))).toEqual([1, 1, 1, 1, 1, 1]);
    expect(Object.values(score('水', ''))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('scripts without spaces count each letter with its marks; digits form runs', () => {
    expect(mixedTokens('กินยา ๑๒ เม็ด')).toEqual(['กิ', 'น', 'ย', 'า', '๑๒', 'เ', 'ม็', 'ด']);
    expect(mixedTokens('コーヒーを2杯。')).toEqual(['コ', 'ー', 'ヒ', 'ー', 'を', '2', '杯']);
    expect(mixedTokens('人々、〇')).toEqual(['人', '々', '〇']);
    expect(mixedTokens('ထမင်း')).toEqual(['ထ', 'မ', 'င်း']);
  });

  test('characters that Unicode ignores do not split a word', () => {
    expect(mixedTokens('ibu\u00adprofen')).toEqual(['ibuprofen']);
    expect(score('می\u200cخواهم', 'میخواهم').f1).toBe(1);
  });

  test('tokens are letters, marks and digits, and every letter and digit is in one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const tokens = mixedTokens(text).join('');
        expect(tokens).not.toMatch(/[^\p{L}\p{M}\p{N}]/u);
        const kept = pythonLower(text).replace(/[^\p{L}\p{M}\p{N}]|\p{Default_Ignorable_Code_Point}/gu, '');
        expect(tokens).toBe(kept);
      }),
    );
  });
});
