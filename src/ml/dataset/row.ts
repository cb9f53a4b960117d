import { type ExactJson, type ExactObject, isExactObject, isExactList } from '../../files/exact-json.ts';
import { pythonStrip } from '../text/python-text.ts';
import type { Result } from '../../result.ts';

/** A question and its answer: one line of a formatted data set. */
export interface Row {
  readonly human: string;
  readonly assistant: string;
  /** Values that a right answer names, by slot: only where the data has them. */
  readonly slots?: Readonly<Record<string, string>>;
  /** Rows of one group are never on both sides of a split: only where the data was split by groups. */
  readonly group?: string;
  /** Where it comes from: only where the data was prepared with `sourceBy`. */
  readonly source?: string;
}

/** Why something is not a row. */
export interface RowFault {
  readonly reason: 'wrong columns' | 'empty turn' | 'field too long' | 'broken text' | 'bad slots';
  readonly detail: string;
}

/**
 * The row of an object with the strings `human` and `assistant`. `slots`, if present, is an object of
 * strings, or such an object as JSON text; `group` and `source` are strings. Other members are ignored.
 * Strings are kept unchanged, white space included.
 */
export function rowOf(value: ExactJson): Result<Row, RowFault> {
  if (!isExactObject(value)) return fault('wrong columns', 'expected an object with "human" and "assistant"');
  const human = textOf(value, 'human');
  if (!human.ok) return human;
  const assistant = textOf(value, 'assistant');
  if (!assistant.ok) return assistant;
  const { slots, group, source } = value;
  const row = {
    human: human.value,
    assistant: assistant.value,
    ...(typeof group === 'string' ? { group } : {}),
    ...(typeof source === 'string' ? { source } : {}),
  };
  if (slots === undefined || slots === null || slots === '') return { ok: true, value: row };
  const named = slotsOf(typeof slots === 'string' ? parsed(slots) : slots);
  return named === undefined
    ? fault('bad slots', 'expected "slots" to be an object of texts')
    : { ok: true, value: { ...row, slots: named } };
}

/** One of the texts of an object: not blank, of limited length, and representable as UTF-8. */
export function textOf(value: ExactObject, name: string): Result<string, RowFault> {
  const text = Object.hasOwn(value, name) ? value[name] : undefined;
  if (text === null) return fault('empty turn', `"${name}" is null`);
  if (text === undefined) return { ok: false, error: wrongColumns(`a string "${name}"`, value) };
  if (typeof text !== 'string')
    return fault('wrong columns', `expected "${name}" to be a text; found ${shownValue(text)}`);
  if (text.length > longestText)
    return fault('field too long', `"${name}" has ${text.length} characters, more than ${longestText}`);
  if (pythonStrip(text) === '') return fault('empty turn', `"${name}" is empty`);
  if (text.includes('\0')) return fault('broken text', `"${name}" holds a NUL character`);
  return /\p{Surrogate}/u.test(text)
    ? fault('broken text', `"${name}" holds an unpaired surrogate`)
    : { ok: true, value: text };
}

/** A value that is not a text, as messages name it. */
export function shownValue(value: Exclude<ExactJson, string>): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return `the boolean ${value}`;
  return isExactList(value) ? `a list of ${value.length}` : 'an object';
}

/** The fault of an object without the expected members: names the members that it has. */
export const wrongColumns = (expected: string, value: ExactObject): RowFault => ({
  reason: 'wrong columns',
  detail: `expected ${expected}; found ${JSON.stringify(Object.keys(value).slice(0, 20)).slice(0, 400)}`,
});

/** In UTF-16 units. A longer text is not a turn of a conversation but an unclosed quote or other data. */
const longestText = 1 << 18;

function slotsOf(value: ExactJson | undefined): Readonly<Record<string, string>> | undefined {
  if (!isExactObject(value)) return undefined;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
}

function parsed(text: string): ExactJson | undefined {
  try {
    const value: ExactJson = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

const fault = (reason: RowFault['reason'], detail: string): Result<never, RowFault> => ({
  ok: false,
  error: { reason, detail },
});
