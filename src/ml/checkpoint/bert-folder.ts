import { join } from 'node:path';
import type { FileProblem } from '../../files/file-problem.ts';
import type { JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { type BertConfig, parseBertConfig } from './bert-config.ts';
import { bertParameterShapes } from './bert-parameters.ts';
import { modelFolder, readFolderJson } from './folder-json.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { modelTypeOf } from './model-type.ts';
import { matchTensors } from './tensor-check.ts';
import { openModelWeights } from './weights.ts';

/**
 * A BERT encoder as its folder describes it. `tensors` are those of `bertParameterShapes(config)`, in that
 * order.
 */
export interface BertFolder {
  readonly config: BertConfig;
  readonly tensors: LazyTensors;
  /** Warnings about ignored fields of the files. */
  readonly warnings: readonly string[];
}

/** Opens a folder in Hugging Face's form. A pooler and heads are ignored. */
export async function openBertFolder(folder: string): Promise<Result<BertFolder, FileProblem>> {
  const json = await readFolderJson(folder, 'config.json', modelFolder);
  return json.ok ? bertFolder(folder, json.value) : json;
}

/** The folder whose config.json is read already. */
export async function bertFolder(folder: string, json: JsonObject): Promise<Result<BertFolder, FileProblem>> {
  const path = join(folder, 'config.json');
  const type = modelTypeOf(json);
  if (type !== 'bert')
    return {
      ok: false,
      error: { path, message: `model_type is ${JSON.stringify(type ?? null)}: expected "bert"` },
    };
  const config = parseBertConfig(json, path);
  if (!config.ok) return config;
  const stored = await openModelWeights(folder);
  if (!stored.ok) return stored;
  const { tensors, problems, unused } = matchTensors(
    encoderOf(stored.value),
    bertParameterShapes(config.value),
  );
  if (problems.length > 0)
    return { ok: false, error: { path: folder, message: [...problems, ...unused].join('\n') } };
  return {
    ok: true,
    value: { config: config.value, tensors, warnings: unused.map((text) => `${folder}: ${text}`) },
  };
}

/**
 * The encoder's tensors under the names of BertModel. In a model with heads they are under "bert."; the
 * first published files name a norm's weight and bias gamma and beta.
 */
function encoderOf(stored: LazyTensors): LazyTensors {
  const inner = [...stored.keys()].some((name) => name.startsWith('bert.'));
  return new Map(
    [...stored].flatMap(([name, tensor]) => {
      if (inner && !name.startsWith('bert.')) return [];
      const own = name
        .replace(/^bert\./, '')
        .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
        .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
      return /^(pooler\.|cls\.|embeddings\.position_ids$)/.test(own) ? [] : [[own, tensor]];
    }),
  );
}
