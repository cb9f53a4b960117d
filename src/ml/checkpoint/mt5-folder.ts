import { existsSync } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type FileProblem, fileProblem, fileProblemText } from '../../files/file-problem.ts';
import { isJsonObject, type JsonObject, readJson } from '../../files/json.ts';
import { writeFileAtomically, writeFolderAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import { modelFolder, readFolderJson } from './folder-json.ts';
import {
  type GenerationConfig,
  generationConfigFloats,
  generationConfigJson,
  isForeignField,
  readGenerationConfig,
} from './generation-config.ts';
import type { HostDType } from './host-tensor.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { modelTypeOf } from './model-type.ts';
import {
  isOfVersion5,
  type Mt5Config,
  mt5ConfigFloats,
  mt5ConfigJson,
  parseMt5Config,
  unknownFields,
} from './mt5-config.ts';
import { canonicalMt5Tensors, hasOwnHead } from './mt5-layout.ts';
import { pythonJson } from './python-json.ts';
import { writeSafetensors } from './safetensors.ts';
import { planShards, shardIndex, shardName } from './sharded.ts';
import { openModelWeights } from './weights.ts';

/**
 * An mT5 or T5 as its folder describes it. `tensors` are those of `mt5ParameterShapes(config)`, in that
 * order, as stored.
 */
export interface Mt5Folder {
  readonly config: Mt5Config;
  /** The model's default generation settings. Unknown fields stay in `other`. */
  readonly generation: GenerationConfig;
  readonly tensors: LazyTensors;
  /** Warnings about ignored fields of the files, as in transformers. */
  readonly warnings: readonly string[];
}

/** Which part of the model is opened: a folder of an encoder alone has no decoder. */
export type Mt5Part = 'whole' | 'encoder';

/**
 * Opens a folder in Hugging Face's form, with weights in any supported format. Missing and misshaped tensors
 * are reported in one problem.
 */
export async function openMt5Folder(folder: string): Promise<Result<Mt5Folder, FileProblem>> {
  const json = await readFolderJson(folder, 'config.json', modelFolder);
  return json.ok ? mt5Folder(folder, json.value, 'whole') : json;
}

/** The folder whose config.json is read already. */
export async function mt5Folder(
  folder: string,
  json: JsonObject,
  part: Mt5Part,
): Promise<Result<Mt5Folder, FileProblem>> {
  const path = join(folder, 'config.json');
  const refused = (message: string) => ({ ok: false, error: { path, message } }) as const;
  const type = modelTypeOf(json);
  if (type !== 'mt5' && type !== 't5' && type !== 'umt5')
    return refused(`model_type is ${JSON.stringify(type ?? null)}: expected "mt5", "t5" or "umt5"`);
  if (part === 'whole' && json['is_encoder_decoder'] === false)
    return refused(
      'is_encoder_decoder is false: expected a model with a decoder, which generates the answers',
    );
  const parsed = parseMt5Config(json, path);
  if (!parsed.ok) return parsed;
  const stored = await openModelWeights(folder);
  if (!stored.ok) return stored;
  const config =
    isOfVersion5(json) && (await hasOwnHead(stored.value))
      ? { ...parsed.value, tieWordEmbeddings: false }
      : parsed.value;
  const { tensors, problems, unused } = await canonicalMt5Tensors(config, stored.value, part);
  if (problems.length > 0)
    return { ok: false, error: { path: folder, message: [...problems, ...unused].join('\n') } };
  const generation = await readGeneration(folder, json);
  const unknown = unknownFields(config);
  const warnings = [
    ...(unknown.length === 0 ? [] : [`${path}: ignored unknown fields: ${unknown.join(', ')}`]),
    ...unused.map((text) => `${folder}: ${text}`),
    ...generation.warnings,
  ];
  return { ok: true, value: { config, generation: generation.config, tensors, warnings } };
}

export interface WriteOptions {
  /** Files that are copied beside the weights unchanged: the tokenizer's. */
  readonly copies?: readonly string[];
  /** The tokenizer.json that the tokenizer's files lack. */
  readonly tokenizerJson?: string | undefined;
  /** Its README.md: what the hub shows of the model. */
  readonly card?: string | undefined;
  /** The largest weights file; 5 GB by default, as in transformers. */
  readonly maxShardBytes?: number;
}

/** Writes a folder that transformers loads, complete or not at all; the path must be free. */
export function writeMt5Folder(
  folder: string,
  { config, generation, tensors }: Omit<Mt5Folder, 'warnings'>,
  { copies = [], tokenizerJson, card, maxShardBytes }: WriteOptions = {},
): Promise<Result<void, FileProblem>> {
  const dtype = [...tensors.values()][0]?.dtype ?? 'float32';
  return writeFolderAtomically(folder, async (partial) => {
    const settings = { copies, tokenizerJson, card };
    const written = await writeMt5Settings(partial, { config, generation, dtype }, settings);
    return written.ok ? writeMt5Weights(partial, tensors, maxShardBytes) : written;
  });
}

/**
 * Writes the files of a model that are not its weights into a folder: its configuration and its tokenizer.
 */
export async function writeMt5Settings(
  folder: string,
  { config, generation, dtype }: Pick<Mt5Folder, 'config' | 'generation'> & { readonly dtype: HostDType },
  { copies = [], tokenizerJson, card }: Omit<WriteOptions, 'maxShardBytes'>,
): Promise<Result<void, FileProblem>> {
  const files = {
    'config.json': `${pythonJson(mt5ConfigJson(config, dtype), mt5ConfigFloats)}\n`,
    'generation_config.json': `${pythonJson(generationConfigJson(generation), generationConfigFloats)}\n`,
    ...(tokenizerJson === undefined ? {} : { 'tokenizer.json': tokenizerJson }),
    ...(card === undefined ? {} : { 'README.md': card }),
  };
  for (const [name, text] of Object.entries(files)) {
    const written = await writeFileAtomically(join(folder, name), text);
    if (!written.ok) return written;
  }
  return copyFiles(copies, folder);
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

/**
 * generation_config.json. Where it is missing or holds no JSON object, transformers takes the settings from
 * config.json, and so does this. Faults in it affect only generation, so they are warnings here.
 */
async function readGeneration(
  folder: string,
  config: JsonObject,
): Promise<{ readonly config: GenerationConfig; readonly warnings: readonly string[] }> {
  const path = join(folder, 'generation_config.json');
  const json = existsSync(path) ? await readJson(path) : undefined;
  if (json?.ok === true && isJsonObject(json.value)) {
    const { config: generation, problems } = readGenerationConfig(json.value);
    return { config: generation, warnings: problems.map((problem) => `${path}: ${problem}`) };
  }
  const { config: generation } = readGenerationConfig(config);
  const foreign = Object.entries(generation.other).filter(([name]) => isForeignField(name));
  const problem = json?.ok === false ? fileProblemText(json.error) : `${path}: is not a JSON object`;
  return {
    config: {
      ...generation,
      decoderStartTokenId: generation.decoderStartTokenId ?? startOf(config),
      other: { _from_model_config: true, ...Object.fromEntries(foreign) },
    },
    warnings: json === undefined ? [] : [`${problem}: generation settings are taken from config.json`],
  };
}

/** MT5Config and UMT5Config have a default start, which counts before `bos_token_id`; T5Config has none. */
const startOf = (config: JsonObject): number | null =>
  modelTypeOf(config) !== 't5' && (config['bos_token_id'] ?? null) !== null ? 0 : null;

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

/**
 * Writes the weights of a model into a folder, in files of at most so many bytes: 5 GB, as in transformers.
 */
export async function writeMt5Weights(
  folder: string,
  tensors: LazyTensors,
  maxShardBytes = 5e9,
): Promise<Result<void, FileProblem>> {
  const shards = planShards(tensors, maxShardBytes);
  for (const [n, shard] of shards.entries()) {
    const name = shards.length === 1 ? 'model.safetensors' : shardName(n, shards.length);
    const written = await writeSafetensors(join(folder, name), shard);
    if (!written.ok) return written;
  }
  if (shards.length === 1) return { ok: true, value: undefined };
  return writeFileAtomically(
    join(folder, 'model.safetensors.index.json'),
    `${pythonJson(shardIndex(shards), [])}\n`,
  );
}
