import type { Profile } from '../../ml/metrics/metric-table.ts';
import type { EvaluatedRow, NamedEvaluation } from '../results/evaluation.ts';
import type { ReportSet } from './report-data.ts';

/** The evaluations in a report, unchanged; rows without texts are marked. */
export const evaluationsIn = (sets: readonly ReportSet[], profile: Profile): readonly NamedEvaluation[] =>
  sets.flatMap(({ id, rows, texts, models }) => {
    const indexOf = new Map(texts.map(({ place }, index) => [place, index]));
    return models.map(({ instance, isCurrent, answers, scores }): NamedEvaluation => ({
      instance,
      isCurrent,
      evaluation: {
        set: id,
        rows: Array.from({ length: rows }, (_, place): EvaluatedRow => {
          const index = indexOf.get(place) ?? -1;
          const { question = '', reference = '' } = texts[index] ?? {};
          const { prediction = '', slots = {} } = answers[index] ?? {};
          return {
            question,
            reference,
            prediction,
            slots,
            identity: String(place),
            scores: scoresAt(scores[profile], place),
            ...(index === -1 ? { isLeftOut: true } : {}),
          };
        }),
      },
    }));
  });

const scoresAt = (
  scores: Readonly<Record<string, readonly (number | null)[]>>,
  place: number,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(scores).flatMap(([name, values]) => {
      const value = values[place];
      return value === null || value === undefined ? [] : [[name, value] as const];
    }),
  );
