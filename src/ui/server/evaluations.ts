import { join } from 'node:path';
import { fileProblemText } from '../../files/file-problem.ts';
import { compareModels } from '../../ml/metrics/compare-models.ts';
import type { Profile } from '../../ml/metrics/metric-table.ts';
import type { Result } from '../../result.ts';
import type { Project } from '../../runner/project.ts';
import type {
  AnswerRow,
  AnswersAnswer,
  CompareAnswer,
  EvaluationsAnswer,
  EvaluationSet,
  ModelAnswerText,
} from '../api.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';
import {
  type EvaluatedRow,
  type Evaluation,
  type KnownEvaluations,
  readEvaluation,
} from './read-evaluation.ts';

/** Evaluations are the instances with an out `predictions`, as `pipeline compare` takes them. */
const outOfAnswers = 'predictions';

/** The evaluations by the rows that they answer: only those of the same rows can be compared. */
export async function evaluationsAnswer(
  project: Project,
  known: KnownEvaluations,
  profile: Profile,
): Promise<Result<EvaluationsAnswer, Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const declared = await project.artifacts(everything);
  if (!declared.ok) return declared;
  const sets = new Map<string, EvaluationSet>();
  const faults: string[] = [];
  for (const { instance, out, path } of declared.value) {
    const result = results.value.find((each) => each.instance === instance);
    const file = result?.files[out];
    if (out !== outOfAnswers || result === undefined || file === undefined) continue;
    const read = await readEvaluation(join(project.root, file), known, profile);
    if (!read.ok) {
      faults.push(fileProblemText({ ...read.error, path }));
      continue;
    }
    const { set, rows } = read.value;
    const before = sets.get(set);
    sets.set(set, {
      id: set,
      rows: rows.length,
      evaluations: [...(before?.evaluations ?? []), { instance, isCurrent: result.state === 'up-to-date' }],
      slots: union(
        before?.slots ?? [],
        rows.flatMap(({ slots }) => Object.keys(slots)),
      ),
      scores: union(before?.scores ?? [], Object.keys(rows[0]?.scores ?? {})),
    });
  }
  return { ok: true, value: { sets: [...sets.values()], faults } };
}

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];

/** Which rows of which models, in which order. */
export interface AnswerRequest {
  /** Instances; the first is A, the second B where `hasB` says so, and the others are shown beside them. */
  readonly models: readonly string[];
  readonly hasB: boolean;
  readonly profile: Profile;
  /** `wrong`: A's answer is not the reference; `differ`: A and B do not answer the same. */
  readonly show: 'all' | 'wrong' | 'differ';
  /** Only rows whose slot A does not name right; empty: all. */
  readonly slot: string;
  /** A text that the row holds somewhere. */
  readonly find: string;
  /** Characters of the reference. */
  readonly least: number;
  readonly most: number;
  readonly score: string;
  readonly sort: 'row' | 'worst' | 'best' | 'difference' | 'length';
  readonly offset: number;
  readonly limit: number;
  /** This row alone, with its whole texts. */
  readonly row: number | undefined;
}

/** A text in a list is cut after so many characters. */
const mostCharacters = 20_000;

/** The rows that match, a page of them. */
export async function answersAnswer(
  project: Project,
  known: KnownEvaluations,
  request: AnswerRequest,
): Promise<Result<AnswersAnswer, Refusal>> {
  const evaluations = await evaluationsOf(project, known, request.models, request.profile);
  if (!evaluations.ok) return evaluations;
  const [first] = evaluations.value;
  if (first === undefined) return { ok: true, value: { total: 0, matching: 0, offset: 0, rows: [] } };
  const rows = first.rows.map((_, place) => place);
  const chosen =
    request.row === undefined
      ? inOrder(rows.filter(matches(evaluations.value, request)), evaluations.value, request)
      : rows.filter((place) => place + 1 === request.row);
  return {
    ok: true,
    value: {
      total: rows.length,
      matching: chosen.length,
      offset: request.offset,
      rows: chosen
        .slice(request.offset, request.offset + request.limit)
        .map((place) => answerRow(place, evaluations.value, request)),
    },
  };
}

function matches(evaluations: readonly Evaluation[], request: AnswerRequest): (place: number) => boolean {
  const find = request.find.toLowerCase();
  return (place) => {
    const answers = evaluations.flatMap(({ rows }) => rows[place] ?? []);
    const [a, second] = answers;
    const b = request.hasB ? second : undefined;
    if (a === undefined) return false;
    if (request.show === 'wrong' && a.scores['exact_match'] === 1) return false;
    if (request.show === 'differ' && (b === undefined || a.prediction === b.prediction)) return false;
    if (request.slot !== '' && (a.slots[request.slot] ?? 'named') === 'named') return false;
    const length = characters(a.reference);
    if (length < request.least || length > request.most) return false;
    return (
      find === '' ||
      [a.question, a.reference, ...answers.map(({ prediction }) => prediction)].some((text) =>
        text.toLowerCase().includes(find),
      )
    );
  };
}

const characters = (text: string): number => [...text].length;

/** Rows with equal values stay in the order of the file. */
function inOrder(
  places: readonly number[],
  [a, b]: readonly Evaluation[],
  { sort, score }: AnswerRequest,
): readonly number[] {
  const scoreOf = (evaluation: Evaluation | undefined, place: number): number =>
    evaluation?.rows[place]?.scores[score] ?? 0;
  const by = (value: (place: number) => number): readonly number[] =>
    places.toSorted((one, other) => value(one) - value(other) || one - other);
  switch (sort) {
    case 'row':
      return places;
    case 'worst':
      return by((place) => scoreOf(a, place));
    case 'best':
      return by((place) => -scoreOf(a, place));
    case 'difference':
      return by((place) => -Math.abs(scoreOf(a, place) - scoreOf(b, place)));
    case 'length':
      return by((place) => -characters(a?.rows[place]?.reference ?? ''));
  }
}

function answerRow(place: number, evaluations: readonly Evaluation[], request: AnswerRequest): AnswerRow {
  const answers = evaluations.flatMap(({ rows }) => rows[place] ?? []);
  const [first] = answers;
  const { question = '', reference = '' } = first ?? {};
  const texts = [question, reference, ...answers.map(({ prediction }) => prediction)];
  const isCut = request.row === undefined && texts.some((text) => text.length > mostCharacters);
  const shown = (text: string): string => (isCut ? text.slice(0, mostCharacters) : text);
  return {
    row: place + 1,
    question: shown(question),
    reference: shown(reference),
    isCut,
    answers: answers.map(({ prediction, scores, slots }: EvaluatedRow): ModelAnswerText => ({
      text: shown(prediction),
      score: scores[request.score] ?? null,
      slots,
    })),
  };
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
  const evaluations: Evaluation[] = [];
  for (const instance of instances) {
    const file = results.value.find((each) => each.instance === instance)?.files[outOfAnswers];
    if (file === undefined) return refused(`${instance} has no answers yet`);
    const read = await readEvaluation(join(project.root, file), known, profile);
    if (!read.ok) return refused(fileProblemText(read.error));
    evaluations.push(read.value);
  }
  const [first, ...others] = evaluations;
  return others.some(({ set }) => set !== first?.set)
    ? refused(`${instances.join(' and ')} were not evaluated on the same rows`)
    : { ok: true, value: evaluations };
}

const refused = (message: string): Result<never, Refusal> => ({
  ok: false,
  error: { kind: 'unknown', message },
});

/** The paired comparison of two models, as `pipeline compare` makes it. */
export async function compareAnswer(
  project: Project,
  known: KnownEvaluations,
  a: string,
  b: string,
  profile: Profile,
): Promise<Result<CompareAnswer, Refusal>> {
  const evaluations = await evaluationsOf(project, known, [a, b], profile);
  if (!evaluations.ok) return evaluations;
  const [first, second] = evaluations.value;
  if (first === undefined || second === undefined) return refused('choose two models');
  const compared = compareModels(
    [
      { name: a, rows: first.rows },
      { name: b, rows: second.rows },
    ],
    { against: undefined, seed: comparisonSeed },
  );
  if (!compared.ok) return refused(compared.error);
  return { ok: true, value: { rows: first.rows.length, comparisons: compared.value } };
}

/** The one that `pipeline compare` has unless told. */
const comparisonSeed = 42;
