import { isJsonObject, type Json, parseJson } from '../../files/json.ts';
import type { StageMessage } from '../../stage/message.ts';

/**
 * Parses a line of a stage's event descriptor; undefined: it is malformed. Any process that holds the
 * descriptor can write to it.
 */
export function parseMessage(line: string): StageMessage | undefined {
  const parsed = parseJson(line, '');
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const { kind, text, done, total, unit, note, step, values, what, count, of, limit, runtime, device } =
    parsed.value;
  switch (kind) {
    case 'log':
    case 'warning':
    case 'failure':
      return isText(text) ? { kind, text } : undefined;
    case 'progress':
      return isNumber(done) && isNumber(total) && isText(unit)
        ? { kind, done, total, unit, ...(isText(note) ? { note } : {}) }
        : undefined;
    case 'metric':
      return isNumber(step) && isJsonObject(values) && Object.values(values).every(isMeasured)
        ? {
            kind,
            step,
            values: Object.fromEntries(
              Object.entries(values).map(([name, number]) => [name, measured(number)]),
            ),
          }
        : undefined;
    case 'truncated':
      return isText(what) && isNumber(count) && isNumber(of) && isNumber(limit)
        ? { kind, what, count, of, limit }
        : undefined;
    case 'device':
      return isText(runtime) && isText(device) ? { kind, runtime, device } : undefined;
    case 'checkpoint':
      return isNumber(step) ? { kind, step } : undefined;
    default:
      return undefined;
  }
}

const isText = (value: Json | undefined): value is string => typeof value === 'string';
const isNumber = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value);
/** JavaScript's JSON writes null for a value that is not a finite number, and the store a text. */
const isMeasured = (value: Json): boolean =>
  typeof value === 'number' || value === null || isNonFinite(value);
const isNonFinite = (value: Json): boolean =>
  value === 'NaN' || value === 'Infinity' || value === '-Infinity';
const measured = (value: Json): number => (value === null ? Number.NaN : Number(value));
