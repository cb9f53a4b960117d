import { type JsonObject, shownJson } from '../../files/json.ts';
import { isGenerationField } from './generation-config.ts';

/**
 * The fields of config.json without a parameter of Mt5Config: which of them change nothing, which
 * would change what a T5 computes. Gone through for T5Config, MT5Config and UMT5Config of transformers 4.57.1
 * and 5.24.
 */
export const isKnownField = (name: string): boolean =>
  name.startsWith('_') ||
  inertFields.includes(name) ||
  isGenerationField(name) ||
  Object.hasOwn(offValues, name);

/** Not kept: fields that are written again on saving, and the path of the original file. */
export const rewrittenFields: readonly string[] = [
  'architectures',
  'dtype',
  'torch_dtype',
  'transformers_version',
  '_name_or_path',
];

/** The unsupported settings of a file, one line for each field. */
export const unsupportedFields = (other: JsonObject): readonly string[] =>
  Object.entries(offValues).flatMap(([name, { off, reason }]) => {
    const found = other[name] ?? null;
    return found === null || off.includes(JSON.stringify(found))
      ? []
      : [`${name} is ${shownJson(found)}, which is not supported (${reason}): remove the field`];
  });

/** Unknown fields of a file that a newer transformers saved: they may change the output. */
export function newerFields(json: JsonObject, other: JsonObject): readonly string[] {
  const [major = 0, minor = 0] = versionOf(json) ?? [];
  const [knownMajor, knownMinor] = newestKnown;
  if (major < knownMajor || (major === knownMajor && minor <= knownMinor)) return [];
  return Object.keys(other)
    .filter((name) => !isKnownField(name))
    .map(
      (name) =>
        `${name} is a field of transformers ${shownJson(json['transformers_version'] ?? null)}, ` +
        `which is newer than the versions read here (up to transformers ${newestKnown.join('.')}): ` +
        'its effect is unknown',
    );
}

/** Major and minor version of the transformers that saved a file. */
export function versionOf(json: JsonObject): readonly [number, number] | undefined {
  const found = json['transformers_version'];
  const [, major, minor] = (typeof found === 'string' ? /^(\d+)\.(\d+)/.exec(found) : null) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

const newestKnown = [5, 24] as const;

/** Fields that transformers acts on, and the values of each, as JSON, that have no effect on a T5. */
const offValues: Readonly<Record<string, { readonly off: readonly string[]; readonly reason: string }>> = {
  compression_config: { off: [], reason: 'compressed weights' },
  per_layer_config: { off: ['{}'], reason: 'layers with different settings' },
  pruned_heads: { off: ['{}'], reason: 'pruned heads' },
  quantization_config: { off: [], reason: 'quantized weights' },
  tie_encoder_decoder: { off: ['false'], reason: 'a decoder that shares the weights of the encoder' },
};

/**
 * Fields without effect on a T5's encoder, decoder and head: of other heads, of training, of what calls
 * return.
 */
const inertFields: readonly string[] = [
  'add_cross_attention',
  'attn_implementation',
  'auto_map',
  'bos_token_id',
  'chunk_size_feed_forward',
  'classifier_dropout',
  'cls_token_id',
  'cross_attention_hidden_size',
  'experts_implementation',
  'finetuning_task',
  'gradient_checkpointing',
  'id2label',
  'is_decoder',
  'is_encoder_decoder',
  'label2id',
  'mask_token_id',
  'n_positions',
  'name_or_path',
  'num_labels',
  'output_attentions',
  'output_hidden_states',
  'output_past',
  'prefix',
  'problem_type',
  'return_dict',
  'scale_decoder_outputs',
  'sep_token_id',
  'task_specific_params',
  'tf_legacy_loss',
  'tie_last_hidden_states',
  'tokenizer_class',
  'torchscript',
  'unk_token_id',
  'use_bfloat16',
  'use_cache',
];
