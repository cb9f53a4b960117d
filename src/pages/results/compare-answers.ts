import { compareModels } from '../../ml/metrics/compare-models.ts';
import type { Result } from '../../result.ts';
import type { CompareAnswer } from '../result-answers.ts';
import type { Evaluation } from './evaluation.ts';

/** The paired comparison of two models, as `pipeline compare` makes it. */
export function compareAnswers(
  a: string,
  b: string,
  [first, second]: readonly Evaluation[],
): Result<CompareAnswer> {
  if (first === undefined || second === undefined) return { ok: false, error: 'choose two models' };
  const compared = compareModels(
    [
      { name: a, rows: first.rows },
      { name: b, rows: second.rows },
    ],
    { against: undefined, seed: comparisonSeed },
  );
  return compared.ok
    ? { ok: true, value: { rows: first.rows.length, comparisons: compared.value } }
    : compared;
}

/** The default of `pipeline compare`. */
const comparisonSeed = 42;
