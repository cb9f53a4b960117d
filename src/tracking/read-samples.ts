import type { FileProblem } from '../files/file-problem.ts';
import { isJsonList, isJsonObject, type Json, type JsonObject, readJson } from '../files/json.ts';
import type { Result } from '../result.ts';

/** Sampled answers as rows of texts, the first row the heading: the questions, and a column a setting. */
export type SampleRows = readonly (readonly string[])[];

/**
 * Reads `{"questions": […], "answers": {"temp_0.7": […]}}`, as `qualitative` writes it; undefined: the file
 * holds something else.
 */
export async function readSamples(path: string): Promise<Result<SampleRows | undefined, FileProblem>> {
  const read = await readJson(path);
  if (!read.ok) return read;
  return { ok: true, value: isJsonObject(read.value) ? rowsIn(read.value) : undefined };
}

function rowsIn(file: JsonObject): SampleRows | undefined {
  const questions = textsIn(file['questions']);
  const { answers } = file;
  if (questions === undefined || !isJsonObject(answers)) return undefined;
  const columns = Object.entries(answers).flatMap(([name, list]) => {
    const texts = textsIn(list);
    return texts === undefined ? [] : [{ name, texts }];
  });
  return [
    ['question', ...columns.map(({ name }) => name)],
    ...questions.map((question, row) => [question, ...columns.map(({ texts }) => texts[row] ?? '')]),
  ];
}

const textsIn = (list: Json | undefined): readonly string[] | undefined =>
  isJsonList(list) && list.every((text) => typeof text === 'string') ? list : undefined;
