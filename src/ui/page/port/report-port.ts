import { jsonText } from '../../../files/json-text.ts';
import type { Profile } from '../../../ml/metrics/metric-table.ts';
import type { Result } from '../../../result.ts';
import type { EvaluationsAnswer } from '../../../pages/result-answers.ts';
import { answerKey, type ReportData } from '../../../pages/report/report-data.ts';
import { evaluationsIn } from '../../../pages/report/report-evaluations.ts';
import { answerRequest, profileIn } from '../../../pages/results/answer-request.ts';
import { answerRows } from '../../../pages/results/answer-rows.ts';
import { compareAnswers } from '../../../pages/results/compare-answers.ts';
import type { Evaluation, NamedEvaluation } from '../../../pages/results/evaluation.ts';
import { evaluationSets, evaluationsOfSameRows } from '../../../pages/results/evaluation-sets.ts';

/** Answers from the data of a report, as the server would, by the same functions where it computes. */
export function reportPort(data: ReportData): <T>(address: string) => Promise<T> {
  const known = new Map<Profile, readonly NamedEvaluation[]>();
  const evaluations = (profile: Profile): readonly NamedEvaluation[] => {
    const found = known.get(profile) ?? evaluationsIn(data.sets, profile);
    known.set(profile, found);
    return found;
  };
  const chosen = (names: readonly string[], profile: Profile): Result<readonly Evaluation[]> =>
    evaluationsOfSameRows(
      names,
      new Map(evaluations(profile).map(({ instance, evaluation }) => [instance, evaluation])),
    );
  const answered = (path: string, query: URLSearchParams): Result<object> => {
    switch (path) {
      case '/api/evaluations': {
        const sets: EvaluationsAnswer = { sets: evaluationSets(evaluations(profileIn(query))), faults: [] };
        return { ok: true, value: sets };
      }
      case '/api/answers': {
        const request = answerRequest(query);
        const found = chosen(request.models, request.profile);
        return found.ok ? { ok: true, value: answerRows(found.value, request) } : found;
      }
      case '/api/compare': {
        const [a, b] = [query.get('a') ?? '', query.get('b') ?? ''];
        const found = chosen([a, b], profileIn(query));
        return found.ok ? compareAnswers(a, b, found.value) : found;
      }
      default: {
        const key = answerKey(path, query);
        const found = Object.hasOwn(data.answers, key) ? data.answers[key] : undefined;
        return found === undefined
          ? { ok: false, error: 'this is not included in the report' }
          : { ok: true, value: found };
      }
    }
  };
  return async <T>(address: string): Promise<T> => {
    const [path = '', query = ''] = address.split('?');
    const found = answered(path, new URLSearchParams(query));
    if (!found.ok) throw new Error(found.error);
    // As it comes from the server, where a number that JSON has not is a text.
    const answer: T = JSON.parse(jsonText(found.value));
    return answer;
  };
}
