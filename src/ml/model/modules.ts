import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';

/** A module of the model that has a weight of its own, in the model's order. */
export interface Module {
  readonly name: string;
  readonly kind: 'linear' | 'embedding' | 'norm';
  /** Of the weight: [out, in] of a linear layer. */
  readonly shape: readonly number[];
}

/**
 * The modules by their names in transformers. A tied head is a linear layer too, over the embedding's weight.
 */
export function modulesOf(config: Mt5Config): readonly Module[] {
  const modules = [...mt5ParameterShapes(config)].map(([parameter, shape]): Module => {
    const name = parameter.replace(/\.weight$/, '');
    return {
      name,
      kind:
        shape.length === 1
          ? 'norm'
          : /(^shared|relative_attention_bias)$/.test(name)
            ? 'embedding'
            : 'linear',
      shape,
    };
  });
  return config.tieWordEmbeddings
    ? [...modules, { name: 'lm_head', kind: 'linear', shape: [config.vocabSize, config.dModel] }]
    : modules;
}
