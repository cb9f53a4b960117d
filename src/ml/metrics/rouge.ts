import { type SubsequenceTable, subsequenceLength, subsequenceTable } from './common-subsequence.ts';
import { type Score, commonCount, countsOf, overlapScore } from './overlap-score.ts';
import type { Tokenize } from './tokenize.ts';

/** The four ROUGE scores of one prediction. */
export interface RougeScores {
  readonly rouge1: Score;
  readonly rouge2: Score;
  readonly rougeL: Score;
  readonly rougeLsum: Score;
}

/**
 * ROUGE-1, -2 and -L over the whole texts, and -Lsum over their lines, as rouge_score 0.1.2's RougeScorer
 * gives them with that tokenizer: Chin-Yew Lin, "ROUGE: a Package for Automatic Evaluation of Summaries"
 * (2004), hits of -Lsum clipped as ROUGE-1.5.5 does. A text without tokens scores 0.
 */
export function rougeScores(reference: string, prediction: string, tokenize: Tokenize): RougeScores {
  const vocabulary = new Map<string, number>();
  const idsOf = (text: string): number[] => tokenize(text).map((token) => idOf(token, vocabulary));
  const expected = idsOf(reference);
  const predicted = idsOf(prediction);
  const rougeL = overlapScore(
    subsequenceLength(subsequenceTable(expected, predicted)),
    predicted.length,
    expected.length,
  );
  return {
    rouge1: countScore(expected, predicted),
    rouge2: countScore(pairsOf(expected, vocabulary.size), pairsOf(predicted, vocabulary.size)),
    rougeL,
    // The union of one subsequence is that subsequence, and no count is clipped: so texts of one line need no
    // second table.
    rougeLsum:
      reference.includes('\n') || prediction.includes('\n')
        ? summaryScore(reference.split('\n').map(idsOf), prediction.split('\n').map(idsOf))
        : rougeL,
  };
}

/** Tokens are compared as small integers. */
function idOf(token: string, vocabulary: Map<string, number>): number {
  const known = vocabulary.get(token);
  if (known !== undefined) return known;
  const id = vocabulary.size;
  vocabulary.set(token, id);
  return id;
}

const countScore = (expected: readonly number[], predicted: readonly number[]): Score =>
  overlapScore(commonCount(expected, predicted), predicted.length, expected.length);

/** Each two neighbours as one number. */
function pairsOf(ids: readonly number[], vocabularySize: number): readonly number[] {
  const pairs: number[] = [];
  let before: number | undefined;
  for (const id of ids) {
    if (before !== undefined) pairs.push(before * vocabularySize + id);
    before = id;
  }
  return pairs;
}

/**
 * Section 3.2 of the paper: a token of a reference line is a hit if the longest common subsequence with any
 * line of the prediction has it, but no token is hit more often than the prediction holds it.
 */
function summaryScore(
  expected: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): Score {
  const remaining = countsOf(predicted.flat());
  let hits = 0;
  for (const line of expected) {
    for (const token of unionSubsequence(line, predicted)) {
      const count = remaining.get(token) ?? 0;
      if (count === 0) continue;
      remaining.set(token, count - 1);
      hits += 1;
    }
  }
  return overlapScore(hits, predicted.flat().length, expected.flat().length);
}

/** The tokens of a line that its longest common subsequence with one of the candidates has, in order. */
function unionSubsequence(
  line: readonly number[],
  candidates: readonly (readonly number[])[],
): readonly number[] {
  const places = new Set(candidates.flatMap((candidate) => subsequencePlaces(line, candidate)));
  return line.filter((_, place) => places.has(place));
}

/**
 * Of the longest common subsequences, the positions in `reference` of the one that rouge_score's backtracking
 * finds.
 */
function subsequencePlaces(reference: readonly number[], candidate: readonly number[]): readonly number[] {
  const table = subsequenceTable(reference, candidate);
  const places: number[] = [];
  let row = reference.length;
  let column = candidate.length;
  while (row > 0 && column > 0) {
    if (reference[row - 1] === candidate[column - 1]) {
      row -= 1;
      column -= 1;
      places.push(row);
    } else if (isLongerToTheLeft(table, row, column)) column -= 1;
    else row -= 1;
  }
  return places;
}

const isLongerToTheLeft = (table: SubsequenceTable, row: number, column: number): boolean =>
  subsequenceLength(table, row, column - 1) > subsequenceLength(table, row - 1, column);
