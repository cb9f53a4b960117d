import { isJsonObject, type Json } from '../../files/json.ts';
import type { StageMessage } from '../../stage/message.ts';

/** A line that a stage wrote on its event descriptor; undefined: it is no message. Whoever holds the descriptor can write anything. */
export function parseMessage(line: string): StageMessage | undefined {
  const value = parsed(line);
  if (!isJsonObject(value)) return undefined;
  const { kind, text, done, total, unit, note, step, values, what, count, of, limit, runtime, device } =
    value;
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
      return isNumber(step) && isNumbers(values) ? { kind, step, values } : undefined;
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

function parsed(line: string): Json | undefined {
  try {
    const value: Json = JSON.parse(line);
    return value;
  } catch {
    return undefined;
  }
}

const isText = (value: Json | undefined): value is string => typeof value === 'string';
const isNumber = (value: Json | undefined): value is number => typeof value === 'number';
const isNumbers = (value: Json | undefined): value is Readonly<Record<string, number>> =>
  isJsonObject(value) && Object.values(value).every(isNumber);
