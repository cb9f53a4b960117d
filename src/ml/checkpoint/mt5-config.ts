import type { FileProblem } from '../../files/file-problem.ts';
import type { Json, JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { type ConfigFields, configFields } from './config-fields.ts';
import type { HostDType } from './host-tensor.ts';
import { modelTypeOf } from './model-type.ts';
import {
  isKnownField,
  newerFields,
  rewrittenFields,
  unsupportedFields,
  versionOf,
} from './mt5-config-fields.ts';

/**
 * The architecture of a T5: mT5 and T5 v1.1 (gated GELU, a head of its own), T5 v1.0 (ReLU, the head tied to
 * the embedding), and umT5 (a table of positions in every layer). Fields are named as in transformers'
 * MT5Config.
 */
export interface Mt5Config {
  readonly modelType: 'mt5' | 't5' | 'umt5';
  readonly vocabSize: number;
  readonly dModel: number;
  /** Of one head: numHeads * dKv need not be dModel. */
  readonly dKv: number;
  readonly dFf: number;
  readonly numLayers: number;
  readonly numDecoderLayers: number;
  readonly numHeads: number;
  readonly relativeAttentionNumBuckets: number;
  readonly relativeAttentionMaxDistance: number;
  readonly dropoutRate: number;
  readonly layerNormEpsilon: number;
  readonly initializerFactor: number;
  readonly activation: Activation;
  /**
   * Whether the feed-forward layer multiplies the activation by a second projection: wi_0, wi_1 instead of
   * wi.
   */
  readonly gated: boolean;
  /** Whether logits are computed with the embedding instead of lm_head. */
  readonly tieWordEmbeddings: boolean;
  /** Whether the head's input is scaled by dModel ** -0.5. */
  readonly scaleDecoderOutputs: boolean;
  readonly padTokenId: number;
  readonly eosTokenIds: readonly number[];
  readonly decoderStartTokenId: number;
  /** What else the file holds: kept, and written again. */
  readonly other: JsonObject;
}

/**
 * By the names of transformers' ACT2FN: `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh` are GELU's tanh form.
 */
export type Activation = (typeof activations)[number];

const activations = [
  'relu',
  'gelu',
  'gelu_new',
  'silu',
  'swish',
  'gelu_python',
  'gelu_fast',
  'gelu_pytorch_tanh',
  'quick_gelu',
] as const;

/**
 * A config.json of mT5, T5 or umT5. Absent fields have the defaults of MT5Config, T5Config and UMT5Config
 * in transformers (4.57.1; 5.24 where the file is of version 5). Everything that is wrong is in
 * the one problem, a line a field.
 */
export function parseMt5Config(json: JsonObject, path: string): Result<Mt5Config, FileProblem> {
  const fields = configFields(json);
  const named = modelTypeOf(json);
  const modelType = fields.choice('model_type', named === 'mt5' || named === 'umt5' ? named : 't5', [
    'mt5',
    't5',
    'umt5',
  ]);
  const base = modelType === 't5';
  const vocabSize = fields.integer('vocab_size', base ? 32128 : 250112);
  const token = { least: 0, most: vocabSize - 1 };
  const depth = fields.integer('num_layers', base ? 6 : 8, layers);
  const padTokenId = fields.integer('pad_token_id', 0, token);
  const config: Mt5Config = {
    modelType,
    vocabSize,
    // The common names of transformers' attribute_map go before a model's own.
    dModel: fields.integer('hidden_size', fields.integer('d_model', 512)),
    dKv: fields.integer('head_dim', fields.integer('d_kv', 64)),
    dFf: fields.integer('d_ff', base ? 2048 : 1024),
    numLayers: fields.integer('num_hidden_layers', depth, layers),
    numDecoderLayers: fields.integer('num_decoder_layers', depth, layers),
    numHeads: fields.integer('num_attention_heads', fields.integer('num_heads', base ? 8 : 6)),
    relativeAttentionNumBuckets: fields.integer('relative_attention_num_buckets', 32),
    relativeAttentionMaxDistance: fields.integer('relative_attention_max_distance', 128),
    dropoutRate: fields.number('dropout_rate', 0.1, { least: 0, most: 1 }),
    layerNormEpsilon: fields.number('layer_norm_epsilon', 1e-6, { least: 0, most: 1 }),
    initializerFactor: fields.number('initializer_factor', 1, { least: 0, most: Number.MAX_VALUE }),
    ...feedForward(fields, base ? 'relu' : 'gated-gelu'),
    ...headOf(fields, modelType, isOfVersion5(json)),
    padTokenId,
    eosTokenIds: fields.value<readonly number[]>(
      'eos_token_id',
      [1],
      `an integer from 0 to ${token.most}`,
      (found) => tokenIdsBelow(found, vocabSize),
    ),
    decoderStartTokenId: fields.integer('decoder_start_token_id', padTokenId, token),
    other: fields.others(rewrittenFields),
  };
  const problems = [
    ...fields.problems(),
    ...unsupportedFields(config.other),
    ...newerFields(json, config.other),
  ];
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}

/**
 * Whether transformers 5 saved the file. It ties every head to the embedding unless the weights have another
 * one, and has a separate field for whether a T5 scales the head's input; transformers 4 uses
 * `tie_word_embeddings` for both.
 */
export const isOfVersion5 = (json: JsonObject): boolean =>
  (versionOf(json)?.[0] ?? 0) >= 5 || json['scale_decoder_outputs'] !== undefined;

/** Fields that neither this nor transformers knows: transformers keeps them and does not act on them. */
export const unknownFields = ({ other }: Mt5Config): readonly string[] =>
  Object.keys(other).filter((name) => !isKnownField(name));

/**
 * The fields of config.json, as transformers 4.57.1 saves them for weights of this type; as 5.24, where only
 * it can say what the model computes.
 */
export function mt5ConfigJson(config: Mt5Config, dtype: HostDType): JsonObject {
  const version5 = config.scaleDecoderOutputs !== config.tieWordEmbeddings && !isUntiedAndUnscaled(config);
  const [eos] = config.eosTokenIds;
  return {
    classifier_dropout: 0,
    is_encoder_decoder: true,
    ...(config.modelType === 't5' || version5 ? {} : { tokenizer_class: 'T5Tokenizer' }),
    use_cache: true,
    ...config.other,
    architectures: [`${classPrefix[config.modelType]}ForConditionalGeneration`],
    d_ff: config.dFf,
    d_kv: config.dKv,
    d_model: config.dModel,
    decoder_start_token_id: config.decoderStartTokenId,
    dense_act_fn: config.activation,
    dropout_rate: config.dropoutRate,
    dtype,
    eos_token_id: config.eosTokenIds.length > 1 ? config.eosTokenIds : (eos ?? null),
    feed_forward_proj: feedForwardName(config),
    initializer_factor: config.initializerFactor,
    is_gated_act: config.gated,
    layer_norm_epsilon: config.layerNormEpsilon,
    model_type: config.modelType,
    num_decoder_layers: config.numDecoderLayers,
    num_heads: config.numHeads,
    num_layers: config.numLayers,
    pad_token_id: config.padTokenId,
    relative_attention_max_distance: config.relativeAttentionMaxDistance,
    relative_attention_num_buckets: config.relativeAttentionNumBuckets,
    ...(version5 ? headFieldsOfVersion5(config) : headFieldsOfVersion4(config)),
    vocab_size: config.vocabSize,
  };
}

const classPrefix = { mt5: 'MT5', t5: 'T5', umt5: 'UMT5' } as const;

const isUntiedAndUnscaled = ({ tieWordEmbeddings, scaleDecoderOutputs }: Mt5Config): boolean =>
  !tieWordEmbeddings && !scaleDecoderOutputs;

/**
 * The default of T5Config and UMT5Config is omitted: the field is written only where the head is not tied.
 */
const headFieldsOfVersion4 = ({ modelType, tieWordEmbeddings }: Mt5Config): JsonObject => ({
  ...(modelType !== 'mt5' && tieWordEmbeddings ? {} : { tie_word_embeddings: tieWordEmbeddings }),
  transformers_version: '4.57.1',
});

const headFieldsOfVersion5 = ({ modelType, scaleDecoderOutputs }: Mt5Config): JsonObject => ({
  ...(modelType === 'mt5' ? {} : { scale_decoder_outputs: scaleDecoderOutputs }),
  tie_word_embeddings: true,
  transformers_version: '5.24.0',
});

/** The fields that Python holds as floats: they are written with a point or an exponent. */
export const mt5ConfigFloats: readonly string[] = [
  'classifier_dropout',
  'dropout_rate',
  'initializer_factor',
  'layer_norm_epsilon',
];

/**
 * A layer is a dozen tensors: more than these would be a mistake, or an attempt to fill the memory with
 * names.
 */
const layers = { least: 1, most: 1000 };

/**
 * `feed_forward_proj` is an activation, or "gated-" and one; newer files repeat it as `dense_act_fn` and
 * `is_gated_act`, which then decide. "gated-gelu" alone is the tanh form, for files of before the activations
 * were named apart.
 */
function feedForward(fields: ConfigFields, fallback: string): Pick<Mt5Config, 'activation' | 'gated'> {
  const names = activations.flatMap((name) => [name, `gated-${name}`]);
  const projection = fields.choice('feed_forward_proj', fallback, names);
  const gated = projection.startsWith('gated-');
  const name = projection === 'gated-gelu' ? 'gelu_new' : projection.replace('gated-', '');
  const activation = activations.find((each) => each === name) ?? 'relu';
  return {
    activation: fields.choice('dense_act_fn', activation, activations),
    gated: fields.boolean('is_gated_act', gated),
  };
}

function feedForwardName({ activation, gated }: Mt5Config): string {
  if (!gated) return activation;
  return activation === 'gelu_new' ? 'gated-gelu' : `gated-${activation}`;
}

/**
 * The head that a file configures. For a file of version 5 the weights decide whether it is tied: see
 * `openMt5Folder`.
 */
function headOf(
  fields: ConfigFields,
  modelType: Mt5Config['modelType'],
  version5: boolean,
): Pick<Mt5Config, 'tieWordEmbeddings' | 'scaleDecoderOutputs'> {
  const tied = fields.boolean('tie_word_embeddings', version5 || modelType !== 'mt5');
  if (!version5) return { tieWordEmbeddings: tied, scaleDecoderOutputs: tied };
  return {
    tieWordEmbeddings: true,
    scaleDecoderOutputs: modelType !== 'mt5' && fields.boolean('scale_decoder_outputs', tied),
  };
}

function tokenIdsBelow(found: Json, vocabSize: number): readonly number[] | undefined {
  const ids: readonly Json[] = Array.isArray(found) ? found : [found];
  const isToken = (id: Json): id is number =>
    typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabSize;
  return ids.length > 0 && ids.every(isToken) ? ids : undefined;
}
