import { isExactMatch } from './exact-match.ts';
import { type RougeScores, rougeScores } from './rouge.ts';
import { tokenScore, wordSetScore } from './token-f1.ts';
import { type Tokenize, stemmedTokenizer } from './tokenize.ts';

/** The text scores of one row, under the names that the original experiment's files give them; each in [0, 1]. */
export type RowScores = Readonly<
  Record<'rouge1' | 'rouge2' | 'rougeL' | 'rougeLsum' | 'f1' | 'exact_match', number>
>;

/** A metric profile: how one row is scored. */
export type ScoreRow = (reference: string, prediction: string) => RowScores;

/**
 * The original experiment's numbers: F-measures of stemmed ROUGE, and F1 over sets of words between white space. Chinese
 * scores next to nothing in it: ROUGE's tokenizer drops it, and its sentences hold no white space.
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
 * ROUGE and F1 over the same tokens, each as often as it occurs: characters, ideographs and words, or a segmenter's words.
 * Exact match does not tell full-width signs from others: mT5's tokenizer normalises them (NFKC), so no model can write them.
 */
export function multilingualProfile(tokenize: Tokenize): ScoreRow {
  return (reference, prediction) => ({
    ...fmeasures(rougeScores(reference, prediction, tokenize)),
    f1: tokenScore(tokenize(reference), tokenize(prediction)).fmeasure,
    exact_match: Number(isExactMatch(reference.normalize('NFKC'), prediction.normalize('NFKC'))),
  });
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
