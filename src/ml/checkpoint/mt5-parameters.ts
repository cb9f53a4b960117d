import type { Mt5Config } from './mt5-config.ts';
import type { Shapes } from './tensor-check.ts';

/**
 * Every parameter of a T5 by the name that transformers' `named_parameters()` gives it, in that order: a tied
 * head and the stacks' shared embedding are named once, as `shared.weight`. Linear weights are [out, in].
 */
export function mt5ParameterShapes(config: Mt5Config): Shapes {
  return new Map([
    ['shared.weight', [config.vocabSize, config.dModel]],
    ...stack(config, 'encoder', config.numLayers),
    ...stack(config, 'decoder', config.numDecoderLayers),
    ...(config.tieWordEmbeddings ? [] : [['lm_head.weight', [config.vocabSize, config.dModel]] as const]),
  ]);
}

type Parameter = readonly [name: string, shape: readonly number[]];

function stack(config: Mt5Config, name: 'encoder' | 'decoder', depth: number): readonly Parameter[] {
  const blocks = Array.from({ length: depth }, (_, block) => {
    const layer = (n: number): string => `${name}.block.${block}.layer.${n}`;
    const cross = name === 'decoder';
    return [
      ...attention(config, `${layer(0)}.SelfAttention`),
      // The first layer's table serves the whole stack; every layer of a umT5 has its own.
      ...(block === 0 || config.modelType === 'umt5'
        ? [
            [
              `${layer(0)}.SelfAttention.relative_attention_bias.weight`,
              [config.relativeAttentionNumBuckets, config.numHeads],
            ] as const,
          ]
        : []),
      norm(config, layer(0)),
      ...(cross ? [...attention(config, `${layer(1)}.EncDecAttention`), norm(config, layer(1))] : []),
      ...feedForward(config, `${layer(cross ? 2 : 1)}.DenseReluDense`),
      norm(config, layer(cross ? 2 : 1)),
    ];
  });
  return [...blocks.flat(), [`${name}.final_layer_norm.weight`, [config.dModel]]];
}

function attention({ numHeads, dKv, dModel }: Mt5Config, name: string): readonly Parameter[] {
  const inner = numHeads * dKv;
  return [
    [`${name}.q.weight`, [inner, dModel]],
    [`${name}.k.weight`, [inner, dModel]],
    [`${name}.v.weight`, [inner, dModel]],
    [`${name}.o.weight`, [dModel, inner]],
  ];
}

function feedForward({ gated, dFf, dModel }: Mt5Config, name: string): readonly Parameter[] {
  const inner = gated ? ['wi_0', 'wi_1'] : ['wi'];
  return [
    ...inner.map((wi): Parameter => [`${name}.${wi}.weight`, [dFf, dModel]]),
    [`${name}.wo.weight`, [dModel, dFf]],
  ];
}

const norm = ({ dModel }: Mt5Config, layer: string): Parameter => [`${layer}.layer_norm.weight`, [dModel]];
