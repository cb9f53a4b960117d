import type { BertConfig } from './bert-config.ts';
import type { Shapes } from './tensor-check.ts';

/**
 * Every parameter of a BERT encoder by the name that transformers' BertModel gives it, without the pooler.
 */
export function bertParameterShapes(config: BertConfig): Shapes {
  const { hiddenSize, intermediateSize } = config;
  return new Map([
    ['embeddings.word_embeddings.weight', [config.vocabSize, hiddenSize]],
    ['embeddings.position_embeddings.weight', [config.maxPositionEmbeddings, hiddenSize]],
    ['embeddings.token_type_embeddings.weight', [config.typeVocabSize, hiddenSize]],
    ...affine('embeddings.LayerNorm', [hiddenSize]),
    ...Array.from({ length: config.numHiddenLayers }, (_, n) => `encoder.layer.${n}`).flatMap((layer) => [
      ...['query', 'key', 'value'].flatMap((part) =>
        affine(`${layer}.attention.self.${part}`, [hiddenSize, hiddenSize]),
      ),
      ...affine(`${layer}.attention.output.dense`, [hiddenSize, hiddenSize]),
      ...affine(`${layer}.attention.output.LayerNorm`, [hiddenSize]),
      ...affine(`${layer}.intermediate.dense`, [intermediateSize, hiddenSize]),
      ...affine(`${layer}.output.dense`, [hiddenSize, intermediateSize]),
      ...affine(`${layer}.output.LayerNorm`, [hiddenSize]),
    ]),
  ]);
}

function affine(
  name: string,
  weight: readonly [number, ...number[]],
): readonly (readonly [string, readonly number[]])[] {
  return [
    [`${name}.weight`, weight],
    [`${name}.bias`, weight.slice(0, 1)],
  ];
}
