import { spawn } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { isJsonObject, jsonIn } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { Project } from '../../runner/project.ts';
import type { QuestionAnswer, AskModelsAnswer } from '../api.ts';
import { everything } from './answers/graph.ts';
import type { Refusal } from './answers/refusal.ts';

/** The body of POST /ask: one model, one question. */
interface Question {
  readonly instance: string;
  readonly question: string;
  /** The stage whose settings are taken; empty: the evaluation's. */
  readonly as: string;
}

/** The arguments of the process that answers: `pipeline ask --json`. */
export type AskCommand = (question: Question) => readonly string[];

/**
 * The instances whose model is in place, and the stages that may lend their settings: those that read one
 * model.
 */
export async function askModelsAnswer(project: Project): Promise<Result<AskModelsAnswer, Refusal>> {
  const artifacts = await project.artifacts(everything);
  if (!artifacts.ok) return artifacts;
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const models = new Set(
    artifacts.value.filter(({ kind, there }) => kind === 'model' && there).map(({ instance }) => instance),
  );
  // What reads several models, as a table of all scores does, answers no questions.
  const read = new Map<string, number>();
  for (const { from, to } of graph.value.edges) if (models.has(from)) read.set(to, (read.get(to) ?? 0) + 1);
  const stages = graph.value.instances.filter(
    ({ instance }) => read.get(instance) === 1 && !models.has(instance),
  );
  return {
    ok: true,
    value: { models: [...models], stages: [...new Set(stages.map(({ stage }) => stage))] },
  };
}

/** A question takes a few lines. */
const mostBytes = 100_000;

/** The body of POST /ask; the error describes its fault. */
export async function readQuestion(request: IncomingMessage): Promise<Result<Question>> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return { ok: false, error: 'expected JSON' };
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const piece = Buffer.from(part);
    bytes += piece.length;
    if (bytes > mostBytes) return { ok: false, error: `a question has at most ${mostBytes} bytes` };
    parts.push(piece);
  }
  const body = jsonIn(Buffer.concat(parts).toString('utf8'));
  const { instance, question, as } = isJsonObject(body) ? body : {};
  if (
    typeof instance !== 'string' ||
    typeof question !== 'string' ||
    instance === '' ||
    question.trim() === ''
  )
    return { ok: false, error: 'expected an instance and a question' };
  if (question.includes('\0') || instance.includes('\0'))
    return { ok: false, error: 'a question cannot contain a null character' };
  return { ok: true, value: { instance, question, as: typeof as === 'string' ? as : '' } };
}

/** Answers questions one after another: a model takes the memory and the CPUs of the machine. */
export interface QuestionQueue {
  /** The error is why there is no answer; undefined: the request was cancelled. */
  ask(question: Question, signal: AbortSignal): Promise<Result<QuestionAnswer> | undefined>;
}

/** A queue whose questions the process of `command` answers, one at a time. */
export function questionQueue(command: AskCommand): QuestionQueue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ask(question, signal) {
      const next = last.then(() => (signal.aborted ? undefined : answered(command(question), signal)));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

function answered(
  [program = '', ...words]: readonly string[],
  signal: AbortSignal,
): Promise<Result<QuestionAnswer> | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    // Its thread is blocked while it computes, and has nothing to clean up.
    const end = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', end, { once: true });
    child.on('error', (error) => resolve({ ok: false, error: error.message }));
    child.on('close', (code) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) resolve(undefined);
      else if (code === 0) resolve(answersIn(printed, errors));
      else resolve({ ok: false, error: errors.trim() || `asking the model failed with exit code ${code}` });
    });
  });
}

function answersIn(printed: string, errors: string): Result<QuestionAnswer> {
  const body = jsonIn(printed);
  const answers = isJsonObject(body) && Array.isArray(body['answers']) ? body['answers'] : [];
  return {
    ok: true,
    value: {
      answers: answers.map((one) => ({
        setting: isJsonObject(one) ? String(one['setting']) : '',
        answer: isJsonObject(one) ? String(one['answer']) : '',
      })),
      warnings: errors.split('\n').filter((line) => line !== ''),
    },
  };
}
