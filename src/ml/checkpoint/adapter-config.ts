import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { configFields } from './config-fields.ts';

/** A LoRA adapter as peft describes it. Fields are named as in peft's LoraConfig. */
export interface AdapterConfig {
  /** The model that it was trained on, as a name or a path that means the same on every machine. */
  readonly baseModelNameOrPath: string | null;
  /** Of the base model, where that is a name of the Hugging Face hub. */
  readonly revision: string | null;
  readonly r: number;
  readonly loraAlpha: number;
  readonly loraDropout: number;
  /**
   * Names of linear layers ("q" takes every layer of that last name), or a pattern that whole names must
   * match.
   */
  readonly targetModules: readonly string[] | string;
  readonly excludeModules: readonly string[] | string | null;
  /** Restricts `targetModules` to blocks of these numbers. */
  readonly layersToTransform: readonly number[] | null;
  readonly layersPattern: readonly string[] | null;
  /** Other ranks and alphas for layers whose names match. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** Scales by alpha / sqrt(r) instead of alpha / r. */
  readonly useRslora: boolean;
  readonly bias: 'none' | 'all' | 'lora_only';
  /** Modules that are trained and stored whole. */
  readonly modulesToSave: readonly string[];
  /**
   * The initialisation, part of which is subtracted from the base weights before the adapter is added;
   * absent: none.
   */
  readonly initLoraWeights?: 'pissa' | 'olora' | undefined;
  /** Each row of an updated weight is scaled to a trained length (Liu et al. 2024). */
  readonly useDora?: boolean | undefined;
  /** Each update adds a trained bias. */
  readonly loraBias?: boolean | undefined;
  /** Rows of embeddings that are trained alone: of the input embedding, or by name of the module. */
  readonly trainableTokenIndices?:
    | readonly number[]
    | Readonly<Record<string, readonly number[]>>
    | undefined;
  readonly ensureWeightTying?: boolean | undefined;
  /**
   * Of the peft that wrote the folder, which decides what some fields select; peft has written it since 0.18.
   */
  readonly peftVersion?: string | undefined;
}

/**
 * An adapter_config.json of a LoRA. Every field that peft acts on when it loads a folder is honoured or
 * refused by name; what it ignores is named by `adapterConfigWarnings`.
 */
export function parseAdapterConfig(json: JsonObject, path: string): Result<AdapterConfig, FileProblem> {
  const fields = configFields(json);
  fields.choice('peft_type', 'LORA', ['LORA']);
  const config: AdapterConfig = {
    baseModelNameOrPath: fields.value<string | null>('base_model_name_or_path', null, 'a string', text),
    revision: fields.value<string | null>('revision', null, 'a string', text),
    r: fields.integer('r', 8),
    loraAlpha: fields.number('lora_alpha', 8, { least: 0, most: 1e9 }),
    loraDropout: fields.number('lora_dropout', 0, { least: 0, most: 1 }),
    targetModules: fields.value(
      'target_modules',
      ['q', 'v'],
      'a list of names, or a pattern',
      namesOrPattern,
    ),
    excludeModules: fields.value<readonly string[] | string | null>(
      'exclude_modules',
      null,
      'a list of names, or a pattern',
      namesOrPattern,
    ),
    layersToTransform: fields.value<readonly number[] | null>(
      'layers_to_transform',
      null,
      'the number of a layer, or a list of them',
      layerNumbers,
    ),
    layersPattern: fields.value<readonly string[] | null>(
      'layers_pattern',
      null,
      'a name, or a list of names',
      (found) => (typeof found === 'string' ? [found] : names(found)),
    ),
    rankPattern: fields.value('rank_pattern', {}, 'a map from names to ranks', (found) =>
      numbersByName(found, (rank) => Number.isSafeInteger(rank) && rank > 0),
    ),
    alphaPattern: fields.value('alpha_pattern', {}, 'a map from names to numbers', (found) =>
      numbersByName(found, Number.isFinite),
    ),
    useRslora: fields.boolean('use_rslora', false),
    bias: fields.choice('bias', 'none', ['none', 'all', 'lora_only']),
    modulesToSave: fields.value<readonly string[]>('modules_to_save', [], 'a list of names', names),
    initLoraWeights: takenOffTheBase(
      fields.value<Json>('init_lora_weights', true, 'true, false or a name', (found) =>
        typeof found === 'boolean' || typeof found === 'string' ? found : undefined,
      ),
    ),
    useDora: fields.boolean('use_dora', false) || undefined,
    loraBias: fields.boolean('lora_bias', false) || undefined,
    trainableTokenIndices: fields.value<AdapterConfig['trainableTokenIndices']>(
      'trainable_token_indices',
      undefined,
      'a list of rows, or a map from names of embeddings to lists of rows',
      tokenIndices,
    ),
    ensureWeightTying: fields.boolean('ensure_weight_tying', false) || undefined,
    peftVersion: fields.value<string | undefined>('peft_version', undefined, 'a string', text),
  };
  const problems = [
    ...fields.problems(),
    ...initialisationProblem(json['init_lora_weights']),
    ...contradictions(config),
    ...acting(fields.others([]), config),
  ];
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}

/** The fields of an adapter_config.json that peft ignores too, one line each: they have no effect. */
export function adapterConfigWarnings(json: JsonObject): readonly string[] {
  return Object.entries(json).flatMap(([name, value]) => {
    if (supported.includes(name) || isOff(value)) return [];
    if (!Object.hasOwn(withoutEffect, name))
      return [`${name} is not a field of peft and is ignored, as in peft`];
    const why = withoutEffect[name] ?? '';
    return why === '' ? [] : [`${name} is ignored, as in peft: ${why}`];
  });
}

/** Whether a field follows the conventions of this version of peft or a later one. */
export function isSincePeft({ peftVersion }: AdapterConfig, major: number, minor: number): boolean {
  const [foundMajor = 0, foundMinor = 0] = (/^\d+\.\d+/.exec(peftVersion ?? '')?.[0] ?? '0.17')
    .split('.')
    .map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

/** The fields of adapter_config.json, as peft 0.17.1 saves them for a sequence-to-sequence model. */
export function adapterConfigJson(config: AdapterConfig): JsonObject {
  return {
    alpha_pattern: config.alphaPattern,
    auto_mapping: null,
    base_model_name_or_path: config.baseModelNameOrPath,
    bias: config.bias,
    corda_config: null,
    eva_config: null,
    exclude_modules: config.excludeModules,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: config.initLoraWeights ?? true,
    layer_replication: null,
    layers_pattern: config.layersPattern,
    layers_to_transform: config.layersToTransform,
    loftq_config: {},
    lora_alpha: config.loraAlpha,
    lora_bias: config.loraBias ?? false,
    lora_dropout: config.loraDropout,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: config.modulesToSave.length === 0 ? null : config.modulesToSave,
    peft_type: 'LORA',
    ...(config.peftVersion === undefined ? {} : { peft_version: config.peftVersion }),
    qalora_group_size: 16,
    r: config.r,
    rank_pattern: config.rankPattern,
    revision: config.revision,
    target_modules: config.targetModules,
    target_parameters: null,
    task_type: 'SEQ_2_SEQ_LM',
    trainable_token_indices: config.trainableTokenIndices ?? null,
    use_dora: config.useDora ?? false,
    use_qalora: false,
    use_rslora: config.useRslora,
  };
}

/** The fields that Python holds as floats. */
export const adapterConfigFloats: readonly string[] = ['lora_dropout'];

/** Read above: each changes what a folder computes, or where it belongs. */
const supported: readonly string[] = [
  'alpha_pattern',
  'base_model_name_or_path',
  'bias',
  'ensure_weight_tying',
  'exclude_modules',
  'init_lora_weights',
  'layers_pattern',
  'layers_to_transform',
  'lora_alpha',
  'lora_bias',
  'lora_dropout',
  'modules_to_save',
  'peft_type',
  'peft_version',
  'r',
  'rank_pattern',
  'revision',
  'target_modules',
  'trainable_token_indices',
  'use_dora',
  'use_rslora',
];

/**
 * Fields of peft 0.17 to 0.21 that change nothing when a folder is loaded over a T5, and why; '': no warning.
 */
const withoutEffect: Readonly<Record<string, string>> = {
  auto_mapping: '',
  corda_config: 'it only applies when an adapter is created',
  eva_config: 'it only applies when an adapter is created',
  fan_in_fan_out: 'the layers of a T5 are torch.nn.Linear',
  inference_mode: '',
  loftq_config: 'it only applies with init_lora_weights "loftq"',
  lora_ga_config: 'it only applies when an adapter is created',
  megatron_core: '',
  qalora_group_size: '',
  runtime_config: 'it configures a run, not an adapter',
  task_type: '',
  use_qalora: 'it only applies to quantised layers',
  velora_config: 'it only applies during training',
};

/** Fields of peft 0.17 to 0.21 that change the output in ways that are not implemented. */
const refusedWhereOn: readonly string[] = [
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'layer_replication',
  'megatron_config',
  'monteclora_config',
  'target_parameters',
  'use_bdlora',
];

/**
 * Enabled fields that would change the output: unsupported ones, or those of a newer peft than this reader
 * knows.
 */
function acting(others: JsonObject, config: AdapterConfig): readonly string[] {
  return Object.entries(others).flatMap(([name, value]) => {
    if (isOff(value) || Object.hasOwn(withoutEffect, name)) return [];
    const shown = `${name} is ${JSON.stringify(value).slice(0, 60)}`;
    if (refusedWhereOn.includes(name))
      return [`${shown}: a variant of LoRA that is not supported, expected null or false`];
    return isSincePeft(config, 0, 22)
      ? [
          `${shown}: a field of peft ${config.peftVersion}, which is newer than the versions read ` +
            'here; expected null or false',
        ]
      : [];
  });
}

/** What peft refuses as well. */
function contradictions({ loraBias, useDora, initLoraWeights }: AdapterConfig): readonly string[] {
  if (loraBias !== true) return [];
  return [
    ...(useDora === true ? ['lora_bias is true and use_dora is true: expected one of them'] : []),
    ...(initLoraWeights === undefined
      ? []
      : [`lora_bias is true and init_lora_weights is "${initLoraWeights}": expected one of them`]),
  ];
}

/** PiSSA and OLoRA move a part of the base weights into the adapter, and peft's loader repeats that. */
function takenOffTheBase(initialisation: Json): 'pissa' | 'olora' | undefined {
  if (typeof initialisation !== 'string') return undefined;
  if (initialisation === 'pissa') return 'pissa';
  return initialisation.toLowerCase() === 'olora' ? 'olora' : undefined;
}

/** Initialisations that peft cannot repeat from a folder, or repeats differently each time. */
function initialisationProblem(found: Json | undefined): readonly string[] {
  if (typeof found !== 'string' || takenOffTheBase(found) !== undefined) return [];
  if (storedWhole.includes(found) || found.toLowerCase() === 'gaussian') return [];
  const why = found.startsWith('pissa_niter_')
    ? 'peft subtracts unseeded random numbers from the base weights, so every load differs; save the ' +
      'adapter as a plain LoRA (save_pretrained with path_initial_model_for_weight_conversion)'
    : found === 'loftq'
      ? 'peft quantises the base weights while it loads, which is not supported'
      : found.startsWith('corda')
        ? 'peft needs covariances that are not in the folder; save the adapter as a plain LoRA ' +
          '(save_pretrained with path_initial_model_for_weight_conversion)'
        : 'expected true, false, gaussian, orthogonal, eva, mica, lora_ga, pissa or olora';
  return [`init_lora_weights is ${JSON.stringify(found.slice(0, 40))}: ${why}`];
}

/** Their values are replaced by the stored ones; the base weights do not change. */
const storedWhole: readonly string[] = ['orthogonal', 'eva', 'mica', 'lora_ga'];

function tokenIndices(
  found: Json,
): readonly number[] | Readonly<Record<string, readonly number[]>> | undefined {
  if (!isJsonObject(found)) return rowNumbers(found);
  const entries = Object.entries(found).flatMap(([name, rows]) => {
    const numbers = rowNumbers(rows);
    return numbers === undefined ? [] : [[name, numbers] as const];
  });
  return entries.length === Object.keys(found).length ? Object.fromEntries(entries) : undefined;
}

const rowNumbers = (found: Json): readonly number[] | undefined =>
  isJsonList(found) && found.every((row) => typeof row === 'number' && Number.isSafeInteger(row) && row >= 0)
    ? found.filter((row) => typeof row === 'number')
    : undefined;

const isOff = (value: Json): boolean =>
  value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

const text = (found: Json): string | undefined => (typeof found === 'string' ? found : undefined);

const names = (found: Json): readonly string[] | undefined =>
  isJsonList(found) && found.every((name) => typeof name === 'string') ? found : undefined;

const namesOrPattern = (found: Json): readonly string[] | string | undefined =>
  typeof found === 'string' ? found : names(found);

function layerNumbers(found: Json): readonly number[] | undefined {
  const numbers = isJsonList(found) ? found : [found];
  return numbers.every((number) => typeof number === 'number') ? numbers : undefined;
}

function numbersByName(
  found: Json,
  accepts: (number: number) => boolean,
): Readonly<Record<string, number>> | undefined {
  if (!isJsonObject(found)) return undefined;
  const entries = Object.entries(found).flatMap(([name, value]) =>
    typeof value === 'number' && accepts(value) ? [[name, value] as const] : [],
  );
  return entries.length === Object.keys(found).length ? Object.fromEntries(entries) : undefined;
}
