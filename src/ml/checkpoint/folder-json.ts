import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type JsonObject, readJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';

/**
 * A JSON object that a folder must hold. `expected` describes the folder, for a user whose folder is another
 * or missing.
 */
export async function readFolderJson(
  folder: string,
  name: string,
  expected: string,
): Promise<Result<JsonObject, FileProblem>> {
  const refused = (problem: FileProblem) =>
    ({ ok: false, error: { ...problem, message: `${problem.message}: expected ${expected}` } }) as const;
  try {
    await stat(folder);
  } catch (error) {
    return refused(fileProblem(folder, error));
  }
  const path = join(folder, name);
  const json = await readJson(path);
  if (!json.ok) return refused(json.error);
  return isJsonObject(json.value)
    ? { ok: true, value: json.value }
    : refused({ path, message: 'is not a JSON object' });
}

/** What a model folder has to be, and how one is fetched. */
export const modelFolder =
  'a model folder as Hugging Face has them: config.json, and model.safetensors or pytorch_model.bin, ' +
  'whole or sharded (to fetch one: hf download OWNER/NAME --local-dir FOLDER)';
