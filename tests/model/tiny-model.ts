import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';

/** A model of which no two sizes are equal, small enough for a test. */
export const tinyConfig: Mt5Config = {
  modelType: 'mt5',
  vocabSize: 23,
  dModel: 12,
  dKv: 5,
  dFf: 14,
  numLayers: 2,
  numDecoderLayers: 3,
  numHeads: 4,
  relativeAttentionNumBuckets: 8,
  relativeAttentionMaxDistance: 16,
  dropoutRate: 0.1,
  layerNormEpsilon: 1e-6,
  initializerFactor: 1,
  activation: 'gelu_new',
  gated: true,
  tieWordEmbeddings: false,
  scaleDecoderOutputs: false,
  padTokenId: 0,
  eosTokenIds: [1],
  decoderStartTokenId: 0,
  other: {},
};

/** With one layer a stack, for what does not depend on their number: to compile a graph takes longest. */
export const oneLayerConfig: Mt5Config = { ...tinyConfig, numLayers: 1, numDecoderLayers: 1 };

/** The weights as feeds. */
export function weightValues(
  config: Mt5Config,
  weights: ReadonlyMap<string, Float32Array>,
): Readonly<Record<string, HostValue>> {
  return Object.fromEntries(
    [...mt5ParameterShapes(config)].map(([name, shape]) => [
      name,
      { dtype: 'float32', shape, data: weights.get(name) ?? new Float32Array(0) },
    ]),
  );
}
