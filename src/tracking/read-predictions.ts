import type { FileProblem } from '../files/file-problem.ts';
import { isJsonObject, type Json, type JsonObject } from '../files/json.ts';
import { readJsonLines } from '../files/json-lines.ts';
import type { Result } from '../result.ts';

/** One answer: the fields of a line, those of maps in maps by names joined by ".". */
export type Prediction = Readonly<Record<string, string | number | boolean | null>>;

/** Reads a file of predictions: JSON Lines, an object a line. */
export async function readPredictions(path: string): Promise<Result<readonly Prediction[], FileProblem>> {
  const rows: Prediction[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const { value } = line.value;
    if (!isJsonObject(value))
      return { ok: false, error: { path, line: line.value.line, message: 'is not a JSON object' } };
    rows.push(Object.fromEntries(fieldsOf(value, '')));
  }
  return { ok: true, value: rows };
}

const fieldsOf = (value: JsonObject, before: string): readonly (readonly [string, Prediction[string]])[] =>
  Object.entries(value).flatMap(([name, member]) => fieldOf(`${before}${name}`, member));

function fieldOf(name: string, value: Json): readonly (readonly [string, Prediction[string]])[] {
  if (isJsonObject(value)) return fieldsOf(value, `${name}.`);
  return [[name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value]];
}
