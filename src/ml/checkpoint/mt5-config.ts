import type { FileProblem } from '../../files/file-problem.ts';
import type { JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { type ConfigFields, configFields } from './config-fields.ts';
import type { HostDType } from './host-tensor.ts';
import { modelTypeOf } from './model-type.ts';

/**
 * What a T5 is made of: mT5 and T5 v1.1 (gated GELU, a head of its own) and T5 v1.0 (ReLU, the head tied to the
 * embedding). Fields are named as in transformers' MT5Config.
 */
export interface Mt5Config {
  readonly modelType: 'mt5' | 't5';
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
  /** `gelu_new` is GELU's tanh form. */
  readonly activation: 'relu' | 'gelu_new';
  /** Whether the feed-forward layer multiplies the activation by a second projection: wi_0, wi_1 instead of wi. */
  readonly gated: boolean;
  /** Whether logits are computed with the embedding, scaled by dModel ** -0.5, instead of lm_head. */
  readonly tieWordEmbeddings: boolean;
  readonly padTokenId: number;
  readonly eosTokenId: number;
  readonly decoderStartTokenId: number;
  /** What else the file holds: kept, and written again. */
  readonly other: JsonObject;
}

/**
 * A config.json of mT5 or T5. Fields that are absent stand for what transformers' MT5Config and T5Config (4.57.1) make
 * of them. Everything that is wrong is in the one problem, a line a field.
 */
export function parseMt5Config(json: JsonObject, path: string): Result<Mt5Config, FileProblem> {
  const fields = configFields(json);
  const modelType = fields.choice('model_type', modelTypeOf(json) === 'mt5' ? 'mt5' : 't5', ['mt5', 't5']);
  const mt5 = modelType === 'mt5';
  const vocabSize = fields.integer('vocab_size', mt5 ? 250112 : 32128);
  const token = { least: 0, most: vocabSize - 1 };
  const numLayers = fields.integer('num_layers', mt5 ? 8 : 6, layers);
  const padTokenId = fields.integer('pad_token_id', 0, token);
  const config: Mt5Config = {
    modelType,
    vocabSize,
    dModel: fields.integer('d_model', 512),
    dKv: fields.integer('d_kv', 64),
    dFf: fields.integer('d_ff', mt5 ? 1024 : 2048),
    numLayers,
    numDecoderLayers: fields.integer('num_decoder_layers', numLayers, layers),
    numHeads: fields.integer('num_heads', mt5 ? 6 : 8),
    relativeAttentionNumBuckets: fields.integer('relative_attention_num_buckets', 32),
    relativeAttentionMaxDistance: fields.integer('relative_attention_max_distance', 128),
    dropoutRate: fields.number('dropout_rate', 0.1, { least: 0, most: 1 }),
    layerNormEpsilon: fields.number('layer_norm_epsilon', 1e-6, { least: 0, most: 1 }),
    ...feedForward(fields, mt5 ? 'gated-gelu' : 'relu'),
    tieWordEmbeddings: fields.boolean('tie_word_embeddings', !mt5),
    padTokenId,
    eosTokenId: fields.integer('eos_token_id', 1, token),
    decoderStartTokenId: fields.integer('decoder_start_token_id', padTokenId, token),
    // Not kept: what is written anew, and where the file once lay.
    other: fields.others(['architectures', 'dtype', 'torch_dtype', 'transformers_version', '_name_or_path']),
  };
  const problems = fields.problems();
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}

/** The fields of config.json, as transformers 4.57.1 saves them for weights of this type. */
export function mt5ConfigJson(config: Mt5Config, dtype: HostDType): JsonObject {
  return {
    classifier_dropout: 0,
    initializer_factor: 1,
    is_encoder_decoder: true,
    ...(config.modelType === 'mt5' ? { tokenizer_class: 'T5Tokenizer' } : {}),
    use_cache: true,
    ...config.other,
    architectures: [
      config.modelType === 'mt5' ? 'MT5ForConditionalGeneration' : 'T5ForConditionalGeneration',
    ],
    d_ff: config.dFf,
    d_kv: config.dKv,
    d_model: config.dModel,
    decoder_start_token_id: config.decoderStartTokenId,
    dense_act_fn: config.activation,
    dropout_rate: config.dropoutRate,
    dtype,
    eos_token_id: config.eosTokenId,
    feed_forward_proj: feedForwardName(config),
    is_gated_act: config.gated,
    layer_norm_epsilon: config.layerNormEpsilon,
    model_type: config.modelType,
    num_decoder_layers: config.numDecoderLayers,
    num_heads: config.numHeads,
    num_layers: config.numLayers,
    pad_token_id: config.padTokenId,
    relative_attention_max_distance: config.relativeAttentionMaxDistance,
    relative_attention_num_buckets: config.relativeAttentionNumBuckets,
    // T5Config's own default is not written: the file says it only where the head is not tied.
    ...(config.modelType === 't5' && config.tieWordEmbeddings
      ? {}
      : { tie_word_embeddings: config.tieWordEmbeddings }),
    transformers_version: '4.57.1',
    vocab_size: config.vocabSize,
  };
}

/** The fields that Python holds as floats: what writes them gives them a point or an exponent. */
export const mt5ConfigFloats: readonly string[] = [
  'classifier_dropout',
  'dropout_rate',
  'initializer_factor',
  'layer_norm_epsilon',
];

/** A layer is a dozen tensors: more than these would be a mistake, or an attempt to fill the memory with names. */
const layers = { least: 1, most: 1000 };

/**
 * `feed_forward_proj` is "relu" or "gated-gelu"; newer files repeat it as `dense_act_fn` and `is_gated_act`, which
 * then decide.
 */
function feedForward(
  fields: ConfigFields,
  fallback: 'relu' | 'gated-gelu',
): Pick<Mt5Config, 'activation' | 'gated'> {
  const { activation, gated } =
    feedForwards[fields.choice('feed_forward_proj', fallback, ['relu', 'gated-gelu', 'gated-relu'])];
  return {
    activation: fields.choice('dense_act_fn', activation, ['relu', 'gelu_new']),
    gated: fields.boolean('is_gated_act', gated),
  };
}

const feedForwards = {
  'relu': { activation: 'relu', gated: false },
  'gated-gelu': { activation: 'gelu_new', gated: true },
  'gated-relu': { activation: 'relu', gated: true },
} as const;

function feedForwardName({ activation, gated }: Mt5Config): string {
  const name = activation === 'relu' ? 'relu' : 'gelu';
  return gated ? `gated-${name}` : name;
}
