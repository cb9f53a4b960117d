import type { Result } from '../../src/result.ts';
import { type AnswererRequest, openAnswerer } from './open-answerer.ts';

export interface AnswerRequest extends AnswererRequest {
  readonly questions: readonly string[];
  readonly signal: AbortSignal;
}

/** The model's answers to every question, a list for each search. */
export async function answerAll({
  questions,
  signal,
  ...request
}: AnswerRequest): Promise<Result<readonly (readonly string[])[]>> {
  const answerer = await openAnswerer(request);
  if (!answerer.ok) return answerer;
  const answers = await answerer.value.answer(questions, signal);
  await answerer.value.release();
  return { ok: true, value: answers };
}
