import { pythonSplit } from '../text/python-text.ts';
import { commonCount } from './overlap-score.ts';

/**
 * sacrebleu's signature of `chrf`: one reference, mixed case, effective order, character 6-grams, no word
 * n-grams.
 */
export const chrfSignature = 'chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0';

/**
 * chrF2 of a corpus, 0 to 100: the F-measure, recall counting twice, of the precision and recall of character
 * n-grams averaged over n = 1 to 6; white space is left out, and orders that a side has no n-gram of. M.
 * Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015), as sacrebleu 2.6.0's
 * corpus_score. One pair: that row.
 */
export function chrf(pairs: readonly { readonly reference: string; readonly prediction: string }[]): number {
  const totals = Array.from({ length: orders }, () => ({ predicted: 0, expected: 0, common: 0 }));
  for (const { reference, prediction } of pairs) {
    const [expected, predicted] = [ngramsOf(reference), ngramsOf(prediction)];
    totals.forEach((total, index) => addCounts(total, expected(index + 1), predicted(index + 1)));
  }
  const usable = totals.filter(({ predicted, expected }) => predicted > 0 && expected > 0);
  const precision = average(usable.map(({ common, predicted }) => common / predicted));
  const recall = average(usable.map(({ common, expected }) => common / expected));
  if (precision + recall === 0) return 0;
  return (100 * ((1 + recallWeight) * precision * recall)) / (recallWeight * precision + recall);
}

const orders = 6;
const recallWeight = 4;

interface Counts {
  predicted: number;
  expected: number;
  common: number;
}

/** Predicted n-grams of an order count only where the reference has n-grams of that order. */
function addCounts(total: Counts, expected: readonly string[], predicted: readonly string[]): void {
  total.predicted += expected.length === 0 ? 0 : predicted.length;
  total.expected += expected.length;
  total.common += commonCount(expected, predicted);
}

/** The n-grams of a text's characters, by their size. A character is a code point: one or two units. */
function ngramsOf(text: string): (size: number) => readonly string[] {
  const joined = pythonSplit(text).join('');
  const ends = [0];
  let end = 0;
  for (const character of joined) ends.push((end += character.length));
  return (size) =>
    Array.from({ length: Math.max(0, ends.length - size) }, (_, start) =>
      joined.slice(ends[start], ends[start + size]),
    );
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
