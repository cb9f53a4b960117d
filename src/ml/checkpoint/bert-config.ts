import type { FileProblem } from '../../files/file-problem.ts';
import type { JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { configFields } from './config-fields.ts';

/** The architecture of a BERT encoder. Fields are named as in transformers' BertConfig. */
export interface BertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  /** `gelu` is the exact form, by the error function; `gelu_new` the tanh form. */
  readonly hiddenAct: 'gelu' | 'gelu_new' | 'relu';
  /** The longest input, in tokens. */
  readonly maxPositionEmbeddings: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  readonly padTokenId: number;
}

/** A config.json of BERT. Missing fields have the defaults of transformers' BertConfig (4.57.1). */
export function parseBertConfig(json: JsonObject, path: string): Result<BertConfig, FileProblem> {
  const fields = configFields(json);
  fields.choice('position_embedding_type', 'absolute', ['absolute']);
  const config: BertConfig = {
    vocabSize: fields.integer('vocab_size', 30522),
    hiddenSize: fields.integer('hidden_size', 768),
    numHiddenLayers: fields.integer('num_hidden_layers', 12, { least: 0, most: 1000 }),
    numAttentionHeads: fields.integer('num_attention_heads', 12),
    intermediateSize: fields.integer('intermediate_size', 3072),
    hiddenAct: fields.choice('hidden_act', 'gelu', ['gelu', 'gelu_new', 'relu']),
    maxPositionEmbeddings: fields.integer('max_position_embeddings', 512),
    typeVocabSize: fields.integer('type_vocab_size', 2),
    layerNormEps: fields.number('layer_norm_eps', 1e-12, { least: 0, most: 1 }),
    padTokenId: fields.integer('pad_token_id', 0, { least: 0, most: 2 ** 31 - 1 }),
  };
  const heads =
    config.hiddenSize % config.numAttentionHeads === 0
      ? []
      : [
          `hidden_size is ${config.hiddenSize}: expected a multiple of num_attention_heads, ` +
            `${config.numAttentionHeads}`,
        ];
  const problems = [...fields.problems(), ...heads];
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}
