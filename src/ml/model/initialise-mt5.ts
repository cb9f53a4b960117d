import { elementCount } from '../element-count.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import { normalValues } from './random-values.ts';

/**
 * The weights of a new T5, by their names in transformers, as T5PreTrainedModel._init_weights (4.57.1) makes
 * them, but for an untied head, which is N(0, 1/sqrt(d)) here: with N(0, 1) a small model starts far off. The
 * same seed gives the same bits.
 */
export function initialiseMt5(config: Mt5Config, seed: number): ReadonlyMap<string, Float32Array> {
  return new Map(
    [...mt5ParameterShapes(config)].map(([name, shape]) => {
      const count = elementCount(shape);
      const deviation = deviationOf(name, config);
      return [
        name,
        deviation === undefined
          ? new Float32Array(count).fill(config.initializerFactor)
          : normalValues(count, deviation * config.initializerFactor, seed, name),
      ];
    }),
  );
}

/** The standard deviation a parameter starts with; norms have none: they start at the factor. */
function deviationOf(name: string, { dModel, dKv, dFf, numHeads }: Mt5Config): number | undefined {
  const part = /([^.]+)\.weight$/.exec(name)?.[1];
  switch (part) {
    case 'shared':
      return 1;
    case 'q':
      return (dModel * dKv) ** -0.5;
    case 'o':
      return (numHeads * dKv) ** -0.5;
    case 'wo':
      return dFf ** -0.5;
    case 'layer_norm':
    case 'final_layer_norm':
      return undefined;
    default:
      return dModel ** -0.5;
  }
}
