import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonObject } from '../../files/json.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { Result } from '../../result.ts';
import type { ScoredRow } from './compare-models.ts';
import { countedScores, numbersOf, textsOf } from './counted-scores.ts';
import { type Profile, textMetricNames } from './metric-table.ts';
import { multilingualProfile, referenceProfile } from './profile.ts';
import { mixedTokens } from './tokenize.ts';

export interface ScoredRows {
  readonly rows: readonly ScoredRow[];
  /**
   * The file holds answers without scores: they were scored now, and the evaluation may have used another
   * tokenizer.
   */
  readonly scoredAgain: boolean;
}

/**
 * The rows of predictions.jsonl with the scores that the evaluation counted: of a profile, BERTScore, and the
 * share of right slots.
 */
export async function readScoredRows(
  path: string,
  profile: Profile,
): Promise<Result<ScoredRows, FileProblem>> {
  const rows: ScoredRow[] = [];
  let scoredAgain = false;
  const score = profile === 'reference' ? referenceProfile() : multilingualProfile(mixedTokens);
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const { value, line: number } = line.value;
    const texts = textsOf(value);
    if (texts === undefined) return unexpected(path, number, 'the texts question, prediction and reference');
    const { question, prediction, reference } = texts;
    const counted = countedScores(value, profile);
    scoredAgain ||= counted === undefined;
    rows.push({
      identity: JSON.stringify([question, reference]),
      scores: counted ?? numbersOf(score(reference, prediction), textMetricNames()),
    });
  }
  return { ok: true, value: { rows, scoredAgain } };
}

/** The rows of validation.jsonl, their losses so scaled that their mean is the selection loss. */
export async function readLossRows(path: string): Promise<Result<ScoredRows, FileProblem>> {
  const losses: { readonly row: number; readonly tokens: number; readonly loss: number }[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const { value, line: number } = line.value;
    const { row, tokens, loss } = isJsonObject(value) ? value : {};
    if (typeof row !== 'number' || typeof tokens !== 'number' || typeof loss !== 'number')
      return unexpected(path, number, 'the numbers row, tokens and loss');
    losses.push({ row, tokens, loss });
  }
  const tokens = losses.reduce((sum, row) => sum + row.tokens, 0);
  const rows = losses.map(({ row, tokens: own, loss }) => ({
    identity: `${row} ${own}`,
    scores: { selection_loss: (loss * losses.length) / tokens },
  }));
  return { ok: true, value: { rows, scoredAgain: false } };
}

const unexpected = (path: string, line: number, what: string): Result<never, FileProblem> => ({
  ok: false,
  error: { path, line, message: `expected ${what}` },
});
