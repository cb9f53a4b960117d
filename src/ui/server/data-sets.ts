import { join } from 'node:path';
import { fileProblemText } from '../../files/file-problem.ts';
import { isJsonList, isJsonObject, type Json, type JsonObject, readJson } from '../../files/json.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { Result } from '../../result.ts';
import type { Project } from '../../runner/project.ts';
import type { DataAnswer, DataSet, LengthHistogram, ReasonCount } from '../api.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';
import { histogram } from './histogram.ts';

/** The prepared data sets: the instances with an out `preparation`, and the splits beside it. */
export async function dataAnswer(project: Project): Promise<Result<DataAnswer, Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const truncations = await project.truncations();
  if (!truncations.ok) return truncations;
  const sets: DataSet[] = [];
  const faults: string[] = [];
  for (const { instance, files } of results.value) {
    const file = files['preparation'];
    if (file === undefined) continue;
    const read = await readJson(join(project.root, file));
    if (!read.ok) {
      faults.push(fileProblemText(read.error));
      continue;
    }
    const lengths: LengthHistogram[] = [];
    for (const split of ['train', 'test'])
      if (files[split] !== undefined)
        lengths.push(...(await lengthsIn(split, join(project.root, files[split]))));
    sets.push({ instance, ...preparationIn(read.value), lengths });
  }
  return { ok: true, value: { sets, truncations: truncations.value, faults } };
}

/** What preparation.json says, as far as it says it. */
export function preparationIn(file: Json): Omit<DataSet, 'instance' | 'lengths'> {
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
async function lengthsIn(split: string, file: string): Promise<readonly LengthHistogram[]> {
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
