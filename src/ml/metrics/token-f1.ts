import { pythonLower, pythonSplit } from '../text/python-text.ts';
import { type Score, commonCount, overlapScore } from './overlap-score.ts';

/**
 * Over the sets of lower-cased words between white space: the token F1 of the original experiment. Two empty
 * texts score 0.
 */
export function wordSetScore(reference: string, prediction: string): Score {
  const expected = new Set(pythonSplit(pythonLower(reference)));
  const predicted = new Set(pythonSplit(pythonLower(prediction)));
  return overlapScore(commonCount([...expected], [...predicted]), predicted.size, expected.size);
}

/** Over tokens, each as often as it occurs. Two texts without tokens agree: 1. */
export function tokenScore(expected: readonly string[], predicted: readonly string[]): Score {
  if (expected.length === 0 && predicted.length === 0) return { precision: 1, recall: 1, fmeasure: 1 };
  return overlapScore(commonCount(expected, predicted), predicted.length, expected.length);
}
