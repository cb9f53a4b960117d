import { join } from 'node:path';
import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { type BertFolder, bertFolder } from './bert-folder.ts';
import { modelFolder, readFolderJson } from './folder-json.ts';
import { modelTypeOf } from './model-type.ts';
import { type Mt5Folder, mt5Folder } from './mt5-folder.ts';

/** A model of any family that is known here. */
export type ModelFolder = ({ readonly kind: 'mt5' } & Mt5Folder) | ({ readonly kind: 'bert' } & BertFolder);

/** Opens a folder in Hugging Face's form for callers that need only an encoder: a decoder may be missing. */
export async function openModelFolder(folder: string): Promise<Result<ModelFolder, FileProblem>> {
  const json = await readFolderJson(folder, 'config.json', modelFolder);
  if (!json.ok) return json;
  const type = modelTypeOf(json.value);
  if (type === 'bert') {
    const bert = await bertFolder(folder, json.value);
    return bert.ok ? { ok: true, value: { kind: 'bert', ...bert.value } } : bert;
  }
  if (type === 'mt5' || type === 't5' || type === 'umt5') {
    const mt5 = await mt5Folder(folder, json.value, 'encoder');
    return mt5.ok ? { ok: true, value: { kind: 'mt5', ...mt5.value } } : mt5;
  }
  return {
    ok: false,
    error: {
      path: join(folder, 'config.json'),
      message: `model_type is ${JSON.stringify(type ?? null)}: expected "mt5", "t5", "umt5" or "bert"`,
    },
  };
}
