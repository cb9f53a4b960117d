import { existsSync } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type JsonObject, readJson } from '../../files/json.ts';
import { writeFileAtomically, writeFolderAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import { modelFolder, readFolderJson } from './folder-json.ts';
import {
  foreignFields,
  foreignSamplingFields,
  type GenerationConfig,
  generationConfigFloats,
  generationConfigJson,
  parseGenerationConfig,
} from './generation-config.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { modelTypeOf } from './model-type.ts';
import { type Mt5Config, mt5ConfigFloats, mt5ConfigJson, parseMt5Config } from './mt5-config.ts';
import { canonicalMt5Tensors } from './mt5-layout.ts';
import { pythonJson } from './python-json.ts';
import { writeSafetensors } from './safetensors.ts';
import { planShards, shardIndex, shardName } from './sharded.ts';
import { openModelWeights } from './weights.ts';

/** An mT5 or T5 as its folder tells it. `tensors` are those of `mt5ParameterShapes(config)`, in that order, as stored. */
export interface Mt5Folder {
  readonly config: Mt5Config;
  readonly generation: GenerationConfig;
  readonly tensors: LazyTensors;
}

/**
 * Opens a folder in Hugging Face's form, whatever form its weights have. What is missing, misshaped or unknown is told
 * in one problem.
 */
export async function openMt5Folder(folder: string): Promise<Result<Mt5Folder, FileProblem>> {
  const json = await readFolderJson(folder, 'config.json', modelFolder);
  return json.ok ? mt5Folder(folder, json.value) : json;
}

/** The folder whose config.json is read already. */
export async function mt5Folder(folder: string, json: JsonObject): Promise<Result<Mt5Folder, FileProblem>> {
  const path = join(folder, 'config.json');
  const type = modelTypeOf(json);
  if (type !== 'mt5' && type !== 't5')
    return {
      ok: false,
      error: { path, message: `model_type is ${JSON.stringify(type ?? null)}: expected "mt5" or "t5"` },
    };
  const config = parseMt5Config(json, path);
  if (!config.ok) return config;
  const generation = await readGeneration(folder, json);
  if (!generation.ok) return generation;
  const stored = await openModelWeights(folder);
  if (!stored.ok) return stored;
  const { tensors, problems } = await canonicalMt5Tensors(config.value, stored.value);
  if (problems.length > 0) return { ok: false, error: { path: folder, message: problems.join('\n') } };
  return { ok: true, value: { config: config.value, generation: generation.value, tensors } };
}

export interface WriteOptions {
  /** Files that are put beside the weights as they are: the tokenizer's. */
  readonly copies?: readonly string[];
  /** The largest file of weights; 5 GB, as in transformers, unless told otherwise. */
  readonly maxShardBytes?: number;
}

/** Writes a folder that transformers loads, complete or not at all; the path must be free. */
export function writeMt5Folder(
  folder: string,
  { config, generation, tensors }: Mt5Folder,
  { copies = [], maxShardBytes = 5e9 }: WriteOptions = {},
): Promise<Result<void, FileProblem>> {
  const dtype = [...tensors.values()][0]?.dtype ?? 'float32';
  const files = {
    'config.json': `${pythonJson(mt5ConfigJson(config, dtype), mt5ConfigFloats)}\n`,
    'generation_config.json': `${pythonJson(generationConfigJson(generation), generationConfigFloats)}\n`,
  };
  return writeFolderAtomically(folder, async (partial) => {
    for (const [name, text] of Object.entries(files)) {
      const written = await writeFileAtomically(join(partial, name), text);
      if (!written.ok) return written;
    }
    const copied = await copyFiles(copies, partial);
    return copied.ok ? writeWeights(partial, planShards(tensors, maxShardBytes)) : copied;
  });
}

/** The tokenizer's files of a model folder: what a model that was trained from it takes over. */
export async function tokenizerFiles(folder: string): Promise<Result<readonly string[], FileProblem>> {
  try {
    const names = await readdir(folder);
    return {
      ok: true,
      value: tokenizerNames.filter((name) => names.includes(name)).map((name) => join(folder, name)),
    };
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
}

const tokenizerNames: readonly string[] = [
  'spiece.model',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** generation_config.json; a folder without one has its settings in config.json, as transformers takes them from there. */
async function readGeneration(
  folder: string,
  config: JsonObject,
): Promise<Result<GenerationConfig, FileProblem>> {
  const path = join(folder, 'generation_config.json');
  if (!existsSync(path)) {
    const parsed = parseGenerationConfig(config, join(folder, 'config.json'));
    const foreign = Object.entries(parsed.ok ? parsed.value.other : {}).filter(
      ([name]) => Object.hasOwn(foreignFields, name) || Object.hasOwn(foreignSamplingFields, name),
    );
    return parsed.ok
      ? {
          ok: true,
          value: { ...parsed.value, other: { _from_model_config: true, ...Object.fromEntries(foreign) } },
        }
      : parsed;
  }
  const json = await readJson(path);
  if (!json.ok) return json;
  return isJsonObject(json.value)
    ? parseGenerationConfig(json.value, path)
    : { ok: false, error: { path, message: 'is not a JSON object' } };
}

async function copyFiles(paths: readonly string[], folder: string): Promise<Result<void, FileProblem>> {
  for (const path of paths) {
    try {
      await copyFile(path, join(folder, basename(path)));
    } catch (error) {
      return { ok: false, error: fileProblem(path, error) };
    }
  }
  return { ok: true, value: undefined };
}

async function writeWeights(
  folder: string,
  shards: readonly LazyTensors[],
): Promise<Result<void, FileProblem>> {
  for (const [n, tensors] of shards.entries()) {
    const name = shards.length === 1 ? 'model.safetensors' : shardName(n, shards.length);
    const written = await writeSafetensors(join(folder, name), tensors);
    if (!written.ok) return written;
  }
  if (shards.length === 1) return { ok: true, value: undefined };
  return writeFileAtomically(
    join(folder, 'model.safetensors.index.json'),
    `${pythonJson(shardIndex(shards), [])}\n`,
  );
}
