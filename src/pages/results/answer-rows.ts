import type { AnswerRow, AnswersAnswer, ModelAnswerText } from '../result-answers.ts';
import type { AnswerRequest } from './answer-request.ts';
import type { EvaluatedRow, Evaluation } from './evaluation.ts';

/** A text in a list is cut after so many characters. */
const mostCharacters = 20_000;

/** The rows that match, a page of them, of evaluations of the same rows. */
export function answerRows(evaluations: readonly Evaluation[], request: AnswerRequest): AnswersAnswer {
  const [first] = evaluations;
  if (first === undefined) return { total: 0, matching: 0, leftOut: 0, offset: 0, rows: [] };
  const all = first.rows.map((_, place) => place);
  const there = all.filter((place) => first.rows[place]?.isLeftOut !== true);
  const chosen =
    request.row === undefined
      ? inOrder(there.filter(matches(evaluations, request)), evaluations, request)
      : there.filter((place) => place + 1 === request.row);
  return {
    total: there.length,
    matching: chosen.length,
    leftOut: all.length - there.length,
    offset: request.offset,
    rows: chosen
      .slice(request.offset, request.offset + request.limit)
      .map((place) => answerRow(place, evaluations, request)),
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
