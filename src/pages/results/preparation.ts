import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../files/json.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { DataSet, LengthHistogram, ReasonCount } from '../result-answers.ts';
import { histogram } from './histogram.ts';

/** The known fields of preparation.json. */
export function preparationIn(file: Json): Omit<DataSet, 'instance' | 'lengths' | 'truncations'> {
  const all = isJsonObject(file) ? file : {};
  const leaks = isJsonObject(all['leaks']) ? all['leaks'] : {};
  return {
    counts: Object.entries(all).flatMap(([name, count]) =>
      typeof count === 'number' ? [{ name: name.replaceAll('_', ' '), count }] : [],
    ),
    dropped: reasonsIn(all['dropped']),
    repaired: reasonsIn(all['repaired']),
    files: objectsIn(all['files']).map(({ file: path, read_as, rows }) => ({
      file: String(path),
      readAs: String(read_as),
      rows: Number(rows),
    })),
    leakMethod: typeof leaks['method'] === 'string' ? leaks['method'] : '',
    leaks: Object.entries(leaks).flatMap(([name, counts]) => {
      if (!isJsonObject(counts)) return [];
      const { total, ...kinds } = numbersIn(counts);
      return [{ name: name.replaceAll('_', ' '), total: total ?? 0, kinds }];
    }),
  };
}

const objectsIn = (list: Json | undefined): readonly JsonObject[] =>
  isJsonList(list) ? list.filter(isJsonObject) : [];

const numbersIn = (object: JsonObject): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name.replaceAll('_', ' '), value]] : [],
    ),
  );

const reasonsIn = (list: Json | undefined): readonly ReasonCount[] =>
  objectsIn(list).map(({ reason, count, examples }) => ({
    reason: String(reason),
    count: Number(count),
    examples: objectsIn(examples).map(
      ({ file, line, message }) => `${String(file)}:${String(line)}: ${String(message)}`,
    ),
  }));

/** How long the questions and the answers of a split are, in characters. */
export async function lengthsIn(split: string, file: string): Promise<readonly LengthHistogram[]> {
  const lengths = new Map<string, number[]>();
  for await (const line of readJsonLines(file)) {
    if (!line.ok || !isJsonObject(line.value.value)) continue;
    for (const [field, text] of Object.entries(line.value.value)) {
      if (typeof text !== 'string') continue;
      const known = lengths.get(field) ?? [];
      lengths.set(field, known);
      known.push([...text].length);
    }
  }
  return [...lengths].map(([field, values]) => ({ split, field, ...histogram(values) }));
}
