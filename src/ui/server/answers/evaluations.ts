import { join } from 'node:path';
import { fileProblemText } from '../../../files/file-problem.ts';
import type { Profile } from '../../../ml/metrics/metric-table.ts';
import type { Result } from '../../../result.ts';
import type { Project } from '../../../runner/project.ts';
import type { AnswersAnswer, CompareAnswer, EvaluationsAnswer } from '../../../pages/result-answers.ts';
import type { AnswerRequest } from '../../../pages/results/answer-request.ts';
import { answerRows } from '../../../pages/results/answer-rows.ts';
import { compareAnswers } from '../../../pages/results/compare-answers.ts';
import type { Evaluation, NamedEvaluation } from '../../../pages/results/evaluation.ts';
import { evaluationSets, evaluationsOfSameRows } from '../../../pages/results/evaluation-sets.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';
import { type KnownEvaluations, readEvaluation } from './read-evaluation.ts';

/** Evaluations are the instances with an out `predictions`, as `pipeline compare` takes them. */
const outOfAnswers = 'predictions';

/** The evaluations of a project, in sets, and why others could not be read. */
export async function evaluationsAnswer(
  project: Project,
  known: KnownEvaluations,
  profile: Profile,
): Promise<Result<EvaluationsAnswer, Refusal>> {
  const found = await namedEvaluations(project, known, profile);
  if (!found.ok) return found;
  const { evaluations, faults } = found.value;
  return { ok: true, value: { sets: evaluationSets(evaluations), faults } };
}

/** All evaluations that can be read, and why others cannot. */
export async function namedEvaluations(
  project: Project,
  known: KnownEvaluations,
  profile: Profile,
): Promise<
  Result<{ readonly evaluations: readonly NamedEvaluation[]; readonly faults: readonly string[] }, Refusal>
> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const declared = await project.artifacts(everything);
  if (!declared.ok) return declared;
  const evaluations: NamedEvaluation[] = [];
  const faults: string[] = [];
  for (const { instance, out, path } of declared.value) {
    const result = results.value.find((each) => each.instance === instance);
    const file = result?.files[out];
    if (out !== outOfAnswers || result === undefined || file === undefined) continue;
    const read = await readEvaluation(join(project.root, file), known, profile);
    if (read.ok)
      evaluations.push({ instance, isCurrent: result.state === 'up-to-date', evaluation: read.value });
    else faults.push(fileProblemText({ ...read.error, path }));
  }
  return { ok: true, value: { evaluations, faults } };
}

/** The rows of answers of the requested models, which must be evaluated on the same rows. */
export async function answersAnswer(
  project: Project,
  known: KnownEvaluations,
  request: AnswerRequest,
): Promise<Result<AnswersAnswer, Refusal>> {
  const evaluations = await evaluationsOf(project, known, request.models, request.profile);
  return evaluations.ok ? { ok: true, value: answerRows(evaluations.value, request) } : evaluations;
}

/** Compares the evaluations of instances `a` and `b`, which must be of the same rows. */
export async function compareAnswer(
  project: Project,
  known: KnownEvaluations,
  a: string,
  b: string,
  profile: Profile,
): Promise<Result<CompareAnswer, Refusal>> {
  const evaluations = await evaluationsOf(project, known, [a, b], profile);
  if (!evaluations.ok) return evaluations;
  const compared = compareAnswers(a, b, evaluations.value);
  return compared.ok ? compared : refused(compared.error);
}

/** The evaluations of instances, which have to be of the same rows. */
async function evaluationsOf(
  project: Project,
  known: KnownEvaluations,
  instances: readonly string[],
  profile: Profile,
): Promise<Result<readonly Evaluation[], Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const found = new Map<string, Evaluation>();
  for (const instance of instances) {
    const file = results.value.find((each) => each.instance === instance)?.files[outOfAnswers];
    if (file === undefined) continue;
    const read = await readEvaluation(join(project.root, file), known, profile);
    if (!read.ok) return refused(fileProblemText(read.error));
    found.set(instance, read.value);
  }
  const evaluations = evaluationsOfSameRows(instances, found);
  return evaluations.ok ? evaluations : refused(evaluations.error);
}

const refused = (message: string): Result<never, Refusal> => ({
  ok: false,
  error: { kind: 'unknown', message },
});
