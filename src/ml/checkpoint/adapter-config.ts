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
  /** Names of linear layers ("q" takes every layer of that last name), or a pattern that whole names must match. */
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
  /** Layers that are trained and stored whole. */
  readonly modulesToSave: readonly string[];
}

/**
 * An adapter_config.json of a LoRA. Fields of peft versions that are newer than this reader are passed over where they
 * are switched off, and refused by name where they are not: they would change the model's output.
 */
export function parseAdapterConfig(json: JsonObject, path: string): Result<AdapterConfig, FileProblem> {
  const fields = configFields(json);
  fields.choice('peft_type', 'LORA', ['LORA']);
  const config: AdapterConfig = {
    baseModelNameOrPath: fields.value<string | null>('base_model_name_or_path', null, 'a text', (found) =>
      typeof found === 'string' ? found : undefined,
    ),
    revision: fields.value<string | null>('revision', null, 'a text', (found) =>
      typeof found === 'string' ? found : undefined,
    ),
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
      'a number of a layer, or a list of them',
      layerNumbers,
    ),
    layersPattern: fields.value<readonly string[] | null>(
      'layers_pattern',
      null,
      'a name, or a list of names',
      (found) => (typeof found === 'string' ? [found] : names(found)),
    ),
    rankPattern: fields.value('rank_pattern', {}, 'a map from names to numbers', numbersByName),
    alphaPattern: fields.value('alpha_pattern', {}, 'a map from names to numbers', numbersByName),
    useRslora: fields.boolean('use_rslora', false),
    bias: fields.choice('bias', 'none', ['none', 'all', 'lora_only']),
    modulesToSave: fields.value<readonly string[]>('modules_to_save', [], 'a list of names', names),
  };
  const foreign = Object.entries(fields.others(withoutEffect)).filter(([, value]) => !isOff(value));
  const problems = [
    ...fields.problems(),
    ...foreign.map(
      ([name, value]) =>
        `${name} is ${JSON.stringify(value).slice(0, 60)}: a variant of LoRA that is not known here, expected null or false`,
    ),
  ];
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
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
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: config.layersPattern,
    layers_to_transform: config.layersToTransform,
    loftq_config: {},
    lora_alpha: config.loraAlpha,
    lora_bias: false,
    lora_dropout: config.loraDropout,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: config.modulesToSave.length === 0 ? null : config.modulesToSave,
    peft_type: 'LORA',
    qalora_group_size: 16,
    r: config.r,
    rank_pattern: config.rankPattern,
    revision: config.revision,
    target_modules: config.targetModules,
    target_parameters: null,
    task_type: 'SEQ_2_SEQ_LM',
    trainable_token_indices: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: config.useRslora,
  };
}

/** The fields that Python holds as floats. */
export const adapterConfigFloats: readonly string[] = ['lora_dropout'];

/** Fields that say where an adapter came from, or how it was made: none changes what a stored one computes. */
const withoutEffect: readonly string[] = [
  'auto_mapping',
  'corda_config',
  'eva_config',
  'inference_mode',
  'init_lora_weights',
  'loftq_config',
  'lora_ga_config',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'task_type',
];

const isOff = (value: Json): boolean =>
  value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

const names = (found: Json): readonly string[] | undefined =>
  isJsonList(found) && found.every((name) => typeof name === 'string') ? found : undefined;

const namesOrPattern = (found: Json): readonly string[] | string | undefined =>
  typeof found === 'string' ? found : names(found);

function layerNumbers(found: Json): readonly number[] | undefined {
  const numbers = isJsonList(found) ? found : [found];
  return numbers.every((number) => typeof number === 'number') ? numbers : undefined;
}

function numbersByName(found: Json): Readonly<Record<string, number>> | undefined {
  if (!isJsonObject(found)) return undefined;
  const entries = Object.entries(found).flatMap(([name, value]) =>
    typeof value === 'number' ? [[name, value] as const] : [],
  );
  return entries.length === Object.keys(found).length ? Object.fromEntries(entries) : undefined;
}
