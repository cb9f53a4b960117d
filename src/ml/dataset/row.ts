import { type Json, type JsonObject, isJsonObject } from '../../files/json.ts';
import { pythonStrip } from '../text/python-text.ts';
import type { Result } from '../../result.ts';

/** A question and its answer: one line of a formatted data set. */
export interface Row {
  readonly human: string;
  readonly assistant: string;
  /** Values that a right answer names, by slot: only where the data tells them. */
  readonly slots?: Readonly<Record<string, string>>;
}

/** Why something is not a row. */
export interface RowFault {
  readonly reason: 'wrong columns' | 'empty turn' | 'field too long' | 'broken text' | 'bad slots';
  readonly detail: string;
}

/**
 * The row of an object with the texts `human` and `assistant`; `slots`, if it is there, is an object of texts or such an
 * object as JSON text. Anything else it holds is passed over. Texts are kept as they are, white space included.
 */
export function rowOf(value: Json): Result<Row, RowFault> {
  if (!isJsonObject(value)) return fault('wrong columns', 'expected an object with "human" and "assistant"');
  const human = textOf(value, 'human');
  if (!human.ok) return human;
  const assistant = textOf(value, 'assistant');
  if (!assistant.ok) return assistant;
  const row = { human: human.value, assistant: assistant.value };
  const { slots } = value;
  if (slots === undefined || slots === null || slots === '') return { ok: true, value: row };
  const named = slotsOf(typeof slots === 'string' ? parsed(slots) : slots);
  return named === undefined
    ? fault('bad slots', 'expected "slots" to be an object of texts')
    : { ok: true, value: { ...row, slots: named } };
}

/** One of the texts of an object: not blank, not endless, and such that it can be written as UTF-8. */
export function textOf(value: JsonObject, name: string): Result<string, RowFault> {
  const text = Object.hasOwn(value, name) ? value[name] : undefined;
  if (text === null) return fault('empty turn', `"${name}" is null`);
  if (typeof text !== 'string') return { ok: false, error: wrongColumns(`a text "${name}"`, value) };
  if (text.length > longestText)
    return fault('field too long', `"${name}" has ${text.length} characters, more than ${longestText}`);
  if (pythonStrip(text) === '') return fault('empty turn', `"${name}" is empty`);
  if (text.includes('\0')) return fault('broken text', `"${name}" holds a NUL character`);
  return /\p{Surrogate}/u.test(text)
    ? fault('broken text', `"${name}" holds half of a surrogate pair`)
    : { ok: true, value: text };
}

/** The fault of an object that is not made as expected: says so and names what it has. */
export const wrongColumns = (expected: string, value: JsonObject): RowFault => ({
  reason: 'wrong columns',
  detail: `expected ${expected}; found ${JSON.stringify(Object.keys(value).slice(0, 20)).slice(0, 400)}`,
});

/** In UTF-16 units. A longer text is no turn of a conversation, but a broken quote or foreign data. */
const longestText = 1 << 18;

function slotsOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
}

function parsed(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

const fault = (reason: RowFault['reason'], detail: string): Result<never, RowFault> => ({
  ok: false,
  error: { reason, detail },
});
