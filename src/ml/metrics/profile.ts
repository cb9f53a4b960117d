import { isExactMatch } from './exact-match.ts';
import { type RougeScores, rougeScores } from './rouge.ts';
import { tokenScore, wordSetScore } from './token-f1.ts';
import { type Tokenize, stemmedTokenizer } from './tokenize.ts';

/**
 * The text scores of one row, under the names that the original experiment's files give them; each in [0, 1].
 */
export type RowScores = Readonly<
  Record<'rouge1' | 'rouge2' | 'rougeL' | 'rougeLsum' | 'f1' | 'exact_match', number>
>;

/** A metric profile: how one row is scored. */
export type ScoreRow = (reference: string, prediction: string) => RowScores;

/**
 * The original experiment's numbers: F-measures of stemmed ROUGE, and F1 over sets of words between white
 * space. Chinese scores next to nothing in it: ROUGE's tokenizer drops it, and its sentences hold no white
 * space.
 */
export function referenceProfile(): ScoreRow {
  const tokenize = stemmedTokenizer();
  return (reference, prediction) => ({
    ...fmeasures(rougeScores(reference, prediction, tokenize)),
    f1: wordSetScore(reference, prediction).fmeasure,
    exact_match: Number(isExactMatch(reference, prediction)),
  });
}

/**
 * ROUGE and F1 over the same tokens, each as often as it occurs, of texts in NFKC: mT5's tokenizer normalises
 * so too, and no model can write "３" for "3". Texts without a token ("。", or nothing) have no overlap to
 * count: both without one score 1 where they are equal, 0 where they are not.
 */
export function multilingualProfile(tokenize: Tokenize): ScoreRow {
  return (referenceText, predictionText) => {
    const [reference, prediction] = [referenceText.normalize('NFKC'), predictionText.normalize('NFKC')];
    const [expected, predicted] = [tokenize(reference), tokenize(prediction)];
    const exact_match = Number(isExactMatch(reference, prediction));
    if (expected.length === 0 && predicted.length === 0)
      return {
        rouge1: exact_match,
        rouge2: exact_match,
        rougeL: exact_match,
        rougeLsum: exact_match,
        f1: exact_match,
        exact_match,
      };
    return {
      ...fmeasures(rougeScores(reference, prediction, tokenize)),
      f1: tokenScore(expected, predicted).fmeasure,
      exact_match,
    };
  };
}

const fmeasures = ({
  rouge1,
  rouge2,
  rougeL,
  rougeLsum,
}: RougeScores): Pick<RowScores, keyof RougeScores> => ({
  rouge1: rouge1.fmeasure,
  rouge2: rouge2.fmeasure,
  rougeL: rougeL.fmeasure,
  rougeLsum: rougeLsum.fmeasure,
});
