import type { BertConfig } from '../checkpoint/bert-config.ts';
import { bertParameterShapes } from '../checkpoint/bert-parameters.ts';
import { productOf } from '../tensor/dimension.ts';
import type { Graph, Node } from '../tensor/node.ts';
import { geluErf, geluTanh } from '../tensor/ops/activation.ts';
import { add, relu } from '../tensor/ops/elementwise.ts';
import { gather, pack, unpack } from '../tensor/ops/indexing.ts';
import { reshape, transpose } from '../tensor/ops/layout.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { layerNorm, softmax } from '../tensor/ops/normalization.ts';
import { input } from '../tensor/ops/source.ts';
import {
  type Feeds,
  idsOf,
  packedFeeds,
  packingOf,
  paddingMask,
  sourceMask,
  tokensOf,
  vector,
} from './packed-rows.ts';
import type { Rows } from './rows.ts';

/**
 * The hidden states of a BERT encoder's first `layers` layers (Devlin et al. 2019; as transformers'
 * BertModel, without the pooler). Feeds: bertFeeds and the parameters. Outputs: "hidden.0" (the embeddings) …
 * "hidden.<layers>", float32 [sourceTokens, hiddenSize]: the tokens of the rows, one row after another.
 */
export function bertGraph(config: BertConfig, layers = config.numHiddenLayers): Graph {
  const shapes = bertParameterShapes(config);
  const parameter: Parameter = (name) => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new Error(`the model has no parameter "${name}"`);
    return input(name, 'float32', shape);
  };
  const hidden = [embeddings(config, parameter)];
  for (const [index, state] of hidden.entries())
    if (index < layers) hidden.push(layer(config, parameter, state, `encoder.layer.${index}`));
  return { outputs: Object.fromEntries(hidden.map((state, index) => [`hidden.${index}`, state])) };
}

/**
 * What bertGraph reads. A row has at most config.maxPositionEmbeddings tokens, [CLS] and [SEP] among them;
 * `types` are 0 unless given.
 */
export function bertFeeds(rows: Rows, types: Rows = rows.map((row) => row.map(() => 0))): Feeds {
  return {
    ...packedFeeds('source', rows),
    'source.mask': sourceMask(rows),
    'source.positions': vector(rows.flatMap((row) => row.map((_, position) => position))),
    'source.types': vector(types.flat()),
  };
}

type Parameter = (name: string) => Node;

function embeddings(config: BertConfig, parameter: Parameter): Node {
  const words = gather(parameter('embeddings.word_embeddings.weight'), idsOf('source'));
  const positions = gather(parameter('embeddings.position_embeddings.weight'), perToken('positions'));
  const types = gather(parameter('embeddings.token_type_embeddings.weight'), perToken('types'));
  return norm(config, parameter, add(add(words, types), positions), 'embeddings.LayerNorm');
}

/** A number for each token. */
const perToken = (name: string): Node => input(`source.${name}`, 'int32', [tokensOf('source')]);

/** Norms come after the residuals. */
function layer(config: BertConfig, parameter: Parameter, x: Node, name: string): Node {
  const attended = norm(
    config,
    parameter,
    add(
      linear(
        parameter,
        attention(config, parameter, x, `${name}.attention.self`),
        `${name}.attention.output.dense`,
      ),
      x,
    ),
    `${name}.attention.output.LayerNorm`,
  );
  const inner = activation(config, linear(parameter, attended, `${name}.intermediate.dense`));
  return norm(
    config,
    parameter,
    add(linear(parameter, inner, `${name}.output.dense`), attended),
    `${name}.output.LayerNorm`,
  );
}

function attention(
  { hiddenSize, numAttentionHeads: heads }: BertConfig,
  parameter: Parameter,
  x: Node,
  name: string,
): Node {
  const width = hiddenSize / heads;
  const packing = packingOf('source');
  // A position of all rows after another, so that the heads of all rows are neighbours.
  const split = (part: string): Node => {
    const blocks = unpack(linear(parameter, x, `${name}.${part}`), packing, 'some token');
    return transpose(reshape(blocks, ['source', productOf(['batch', heads]), width]), [1, 0, 2]);
  };
  const scores = matmul(split('query'), split('key'), { transposeB: true, scale: width ** -0.5 });
  const weights = softmax(add(reshape(scores, ['batch', heads, 'source', 'source']), paddingMask()));
  const mixed = matmul(reshape(weights, scores.shape), split('value'));
  return pack(reshape(transpose(mixed, [1, 0, 2]), ['batch*source', hiddenSize]), packing);
}

const linear = (parameter: Parameter, x: Node, name: string): Node =>
  add(matmul(x, parameter(`${name}.weight`), { transposeB: true }), parameter(`${name}.bias`));

const norm = ({ layerNormEps }: BertConfig, parameter: Parameter, x: Node, name: string): Node =>
  layerNorm(x, parameter(`${name}.weight`), parameter(`${name}.bias`), layerNormEps);

function activation({ hiddenAct }: BertConfig, x: Node): Node {
  switch (hiddenAct) {
    case 'gelu':
      return geluErf(x);
    case 'gelu_new':
      return geluTanh(x);
    case 'relu':
      return relu(x);
  }
}
