import type { Result } from '../../result.ts';
import type { EvaluationSet } from '../result-answers.ts';
import type { Evaluation, NamedEvaluation } from './evaluation.ts';

/** The evaluations by the rows that they answer: only those of the same rows can be compared. */
export function evaluationSets(evaluations: readonly NamedEvaluation[]): readonly EvaluationSet[] {
  const sets = new Map<string, EvaluationSet>();
  for (const { instance, isCurrent, evaluation } of evaluations) {
    const { set, rows } = evaluation;
    const before = sets.get(set);
    sets.set(set, {
      id: set,
      rows: rows.length,
      evaluations: [...(before?.evaluations ?? []), { instance, isCurrent }],
      slots: union(
        before?.slots ?? [],
        rows.flatMap(({ slots }) => Object.keys(slots)),
      ),
      scores: union(before?.scores ?? [], Object.keys(rows[0]?.scores ?? {})),
    });
  }
  return [...sets.values()];
}

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];

/**
 * The evaluations of instances, in their order; the error names the missing one, or those with different
 * rows.
 */
export function evaluationsOfSameRows(
  instances: readonly string[],
  found: ReadonlyMap<string, Evaluation>,
): Result<readonly Evaluation[]> {
  const evaluations: Evaluation[] = [];
  for (const instance of instances) {
    const evaluation = found.get(instance);
    if (evaluation === undefined) return { ok: false, error: `${instance} has no answers yet` };
    evaluations.push(evaluation);
  }
  const [first, ...others] = evaluations;
  return others.some(({ set }) => set !== first?.set)
    ? { ok: false, error: `${instances.join(' and ')} were not evaluated on the same rows` }
    : { ok: true, value: evaluations };
}
