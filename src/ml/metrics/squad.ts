import { pythonLower, pythonSplit } from '../text/python-text.ts';
import { tokenScore } from './token-f1.ts';

/** F1 over the tokens of SQuAD's normalisation: transformers' `compute_f1` (squad_metrics). */
export const squadF1 = (reference: string, prediction: string): number =>
  tokenScore(squadTokens(reference), squadTokens(prediction)).fmeasure;

/** Equality after SQuAD's normalisation: transformers' `compute_exact` (squad_metrics). */
export const isSquadExactMatch = (reference: string, prediction: string): boolean =>
  squadTokens(reference).join(' ') === squadTokens(prediction).join(' ');

/**
 * Lower case, ASCII punctuation removed, then articles that are whole words, then split at white space. Word
 * boundaries are those of Python's `\b`: letters, numbers and "_" are word characters, combining marks are
 * not.
 */
function squadTokens(text: string): readonly string[] {
  const bare = pythonLower(text).replace(/[!-/:-@[-`{-~]/g, '');
  return pythonSplit(bare.replace(/(?<![\p{L}\p{N}])(?:an?|the)(?![\p{L}\p{N}])/gu, ' '));
}
