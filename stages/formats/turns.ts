import { type ExactJson, type ExactObject, isExactList, isExactObject } from '../../src/files/exact-json.ts';
import { type Row, type RowFault, rowOf } from '../../src/ml/dataset/row.ts';
import type { Result } from '../../src/result.ts';

/** One turn of a conversation. A turn without text is rejected when a row is made of it. */
export interface Turn {
  readonly from: 'human' | 'assistant';
  readonly text: ExactJson;
}

/** Which exchanges of a conversation become rows: the first, or each (without the earlier turns). */
export type TurnsRead = 'first' | 'each';

/** The result of one record: each row, or why there is none. */
export interface RecordRows {
  readonly rows: readonly Result<Row, RowFault>[];
  /** Exchanges after the first that were left out. */
  readonly laterExchanges: number;
}

/**
 * The rows of a conversation: a question and the answer that follows it. Messages of other roles (a system
 * prompt, a tool) are not turns. `slots` belong to the first exchange.
 */
export function rowsOfTurns(
  turns: readonly (Turn | undefined)[],
  read: TurnsRead,
  slots: ExactJson,
): RecordRows {
  const [first, ...later] = exchangesOf(turns);
  if (first === undefined)
    return {
      rows: [
        {
          ok: false,
          error: {
            reason: 'wrong columns',
            detail:
              'expected a question ("human", "user" or "问：") and an ' +
              'answer to it ("gpt", "assistant" or "答：")',
          },
        },
      ],
      laterExchanges: 0,
    };
  const exchanges = [{ ...first, slots }, ...(read === 'each' ? later : [])];
  return { rows: exchanges.map(rowOf), laterExchanges: read === 'each' ? 0 : later.length };
}

/** Of consecutive turns of the user, the first is the question; an answer without a question is left out. */
function exchangesOf(turns: readonly (Turn | undefined)[]): readonly ExactObject[] {
  const exchanges: ExactObject[] = [];
  let question: Turn | undefined;
  for (const turn of turns) {
    if (turn?.from === 'human') question ??= turn;
    if (turn?.from !== 'assistant' || question === undefined) continue;
    exchanges.push({ human: question.text, assistant: turn.text });
    question = undefined;
  }
  return exchanges;
}

/** A turn of ShareGPT (`from`, `value`) or of chat messages (`role`, `content`). */
export function turnOf(turn: ExactJson): Turn | undefined {
  if (!isExactObject(turn)) return undefined;
  const { from = turn['role'], value = turn['content'] ?? null } = turn;
  const speaker = typeof from === 'string' ? speakers.get(from.toLowerCase()) : undefined;
  return speaker === undefined ? undefined : { from: speaker, text: joinedParts(value) };
}

const speakers: ReadonlyMap<string, Turn['from']> = new Map([
  ['human', 'human'],
  ['user', 'human'],
  ['gpt', 'assistant'],
  ['assistant', 'assistant'],
  ['chatgpt', 'assistant'],
  ['bot', 'assistant'],
  ['model', 'assistant'],
]);

/**
 * Content may be a list of parts; texts are joined, and another kind of part (an image) remains a list, which
 * is not text.
 */
function joinedParts(content: ExactJson): ExactJson {
  if (!isExactList(content)) return content;
  const texts = content.map((part) =>
    isExactObject(part) && part['type'] === 'text' ? part['text'] : undefined,
  );
  return texts.length > 0 && texts.every((text) => typeof text === 'string') ? texts.join('') : content;
}

/** A turn of HuatuoGPT-sft-data-v1: a text that begins with its speaker. */
export function markedTurn(turn: ExactJson): Turn | undefined {
  if (typeof turn !== 'string') return undefined;
  if (/^问[：:]/.test(turn)) return { from: 'human', text: turn.slice(2) };
  return /^答[：:]/.test(turn) ? { from: 'assistant', text: turn.slice(2) } : undefined;
}
