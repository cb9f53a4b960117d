import type { Graph } from '../tensor/node.ts';
import { encode } from './mt5-stack.ts';
import type { Mt5Trace } from './mt5-trace.ts';

/**
 * The hidden states of the encoder's first `layers` layers, for embeddings of texts. Feeds: sourceFeeds and
 * the encoder's parameters. Outputs: "hidden.0" (the embeddings) … "hidden.<layers>" (the last, after the
 * final norm), float32 [sourceTokens, d]: the tokens of the rows, one row after another.
 */
export const encoderGraph = (trace: Mt5Trace, layers = trace.config.numLayers): Graph => ({
  outputs: Object.fromEntries(encode(trace, layers).hidden.map((state, index) => [`hidden.${index}`, state])),
});
