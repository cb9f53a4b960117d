import { type Json, isJsonObject } from '../../files/json.ts';
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
  const { human, assistant, slots } = value;
  if (typeof human !== 'string' || typeof assistant !== 'string') return fault('wrong columns', `expected the texts "human" and "assistant", found ${JSON.stringify(Object.keys(value)).slice(0, 200)}`);
  const bad = textFault('human', human) ?? textFault('assistant', assistant);
  if (bad !== undefined) return { ok: false, error: bad };
  if (slots === undefined || slots === null || slots === '') return { ok: true, value: { human, assistant } };
  const named = typeof slots === 'string' ? slotsOf(parsed(slots)) : slotsOf(slots);
  return named === undefined ? fault('bad slots', 'expected "slots" to be an object of texts') : { ok: true, value: { human, assistant, slots: named } };
}

/** A text longer than this is no turn of a conversation, but a broken quote or foreign data. In UTF-16 units. */
export const longestField = 1 << 18;

function textFault(name: string, text: string): RowFault | undefined {
  if (text.length > longestField) return { reason: 'field too long', detail: `"${name}" has ${text.length} characters, more than ${longestField}` };
  if (pythonStrip(text) === '') return { reason: 'empty turn', detail: `"${name}" is empty` };
  // Half of a surrogate pair cannot be written as UTF-8.
  return /\p{Surrogate}/u.test(text) ? { reason: 'broken text', detail: `"${name}" holds a lone surrogate` } : undefined;
}

function slotsOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
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

const fault = (reason: RowFault['reason'], detail: string): Result<never, RowFault> => ({ ok: false, error: { reason, detail } });
