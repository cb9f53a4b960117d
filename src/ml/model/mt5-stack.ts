import { add, multiply } from '../tensor/ops/elementwise.ts';
import { activate } from './activate.ts';
import { pack, unpack } from '../tensor/ops/indexing.ts';
import { expand, joined, reshape, slice, split, transpose } from '../tensor/ops/layout.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { rmsNorm, softmax } from '../tensor/ops/normalization.ts';
import { input } from '../tensor/ops/source.ts';
import { difference, productOf } from '../tensor/dimension.ts';
import type { Dimension, Node, Shape } from '../tensor/node.ts';
import { sizeOf } from '../tensor/shape.ts';
import {
  applyLayer,
  applyLinear,
  embedTokens,
  type Linear,
  lookup,
  type Mt5Trace,
  parameterOf,
  sumOfProducts,
} from './mt5-trace.ts';
import { idsOf, packingOf, paddingMask, type Side, slotsOf } from './packed-rows.ts';
import { type RowGroup, rowGroups } from './row-groups.ts';

/** What a stack of layers gives. Every state is of the real tokens only: [tokens, d]. */
export interface StackStates {
  /** As transformers lists them: the embeddings, the output of every layer but the last, and `last`. */
  readonly hidden: readonly Node[];
  /** After the final norm. */
  readonly last: Node;
}

/**
 * The encoder over the tokens of the source; with fewer `layers` it ends sooner, and the final norm comes
 * after them.
 */
export function encode(trace: Mt5Trace, layers = trace.config.numLayers): StackStates {
  const bias = layerBiases(trace, 'source', layers, (group) => paddingOf(group));
  const layer = (x: Node, block: number): Node =>
    applyLayer(trace, (inner, outside) => {
      const name = `encoder.block.${block}`;
      const attended = selfAttention(
        inner,
        outside(x),
        `${name}.layer.0`,
        'source',
        bias(block).map((each) => outside(each, 'shared')),
      );
      return feedForward(inner, attended, `${name}.layer.1`, 'source');
    });
  return stack(trace, 'encoder', 'source', layers, layer);
}

/** The decoder over the tokens of the target, each of which sees those before it and all of the source. */
export function decode(trace: Mt5Trace, encoded: Node): StackStates {
  const bias = layerBiases(trace, 'target', trace.config.numDecoderLayers, ({ suffix, target }) =>
    input(`target.mask${suffix}`, 'float32', [target, target]),
  );
  const mask = trace.singleRows === true ? undefined : groupsOf(trace).map(paddingOf);
  const layer = (x: Node, block: number): Node =>
    applyLayer(trace, (inner, outside) => {
      const name = `decoder.block.${block}`;
      const attended = selfAttention(
        inner,
        outside(x),
        `${name}.layer.0`,
        'target',
        bias(block).map((each) => outside(each, 'shared')),
      );
      const informed = crossAttention(inner, attended, `${name}.layer.1`, outside(encoded), mask);
      return feedForward(inner, informed, `${name}.layer.2`, 'target');
    });
  return stack(trace, 'decoder', 'target', trace.config.numDecoderLayers, layer);
}

/** The logits of every word. hidden [tokens, d] -> [tokens, vocabulary] */
export const logitsOf = (trace: Mt5Trace, hidden: Node): Node => sumOfProducts(headOf(trace, hidden));

/**
 * The head: a tied one is the embedding. Its input may be scaled, as T5 v1.0 was trained. hidden [tokens, d]
 */
export function headOf(trace: Mt5Trace, hidden: Node): Linear {
  const { scaleDecoderOutputs, dModel } = trace.config;
  const scaled = scaleDecoderOutputs ? multiply(hidden, dModel ** -0.5) : hidden;
  return trace.linear(scaled, 'lm_head', 'target', trace.dropout);
}

function stack(
  trace: Mt5Trace,
  name: 'encoder' | 'decoder',
  side: Side,
  depth: number,
  layer: (x: Node, block: number) => Node,
): StackStates {
  const rows = { kind: 'tokens', side } as const;
  const rate = trace.config.dropoutRate;
  let x = trace.dropout(embedTokens(trace, name, idsOf(side)), {
    name: `${name}.dropout#0`,
    rate,
    rows,
  });
  const hidden: Node[] = [];
  for (let block = 0; block < depth; block += 1) {
    hidden.push(x);
    x = layer(x, block);
  }
  const top = x;
  const last = applyLayer(trace, (inner, outside) =>
    inner.dropout(norm(inner, outside(top), `${name}.final_layer_norm`), {
      name: `${name}.dropout#1`,
      rate,
      rows,
    }),
  );
  return { hidden: [...hidden, last], last };
}

const groupsOf = ({ groups = 1, singleRows = false }: Mt5Trace): ReturnType<typeof rowGroups> =>
  rowGroups(groups, singleRows);

const paddingOf = (group: RowGroup): Node => paddingMask(`source.mask${group.suffix}`, group);

/**
 * What each layer adds to the scores of each group: the bias of positions, which all layers share but those
 * of a umT5, and the mask. Made once, since a layer that is built again takes them from outside.
 */
function layerBiases(
  trace: Mt5Trace,
  side: Side,
  depth: number,
  mask: (group: RowGroup) => Node,
): (block: number) => readonly Node[] {
  const count = trace.config.modelType === 'umt5' ? depth : 1;
  const biases = Array.from({ length: count }, (_, block) =>
    groupsOf(trace).map((group) => add(positionBias(trace, side, block, group), mask(group))),
  );
  return (block) => {
    const bias = biases[count === 1 ? 0 : block];
    if (bias === undefined) throw new Error(`the ${side} stack has no layer ${block}`);
    return bias;
  };
}

/** The table of a layer's bias of positions. */
export const positionTable = (part: 'encoder' | 'decoder', block: number): string =>
  `${part}.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`;

/** The bias that a layer's table gives to every pair of positions of a group. [1, heads, length, length] */
function positionBias(trace: Mt5Trace, side: Side, block: number, group: RowGroup): Node {
  const name = positionTable(side === 'source' ? 'encoder' : 'decoder', block);
  const [heads, length] = [trace.config.numHeads, group[side]];
  const distances = productOf([2, length]);
  const buckets = input(`${side}.buckets${group.suffix}`, 'int32', [distances]);
  const perDistance = transpose(lookup(trace, name, buckets), [1, 0]);
  return reshape(byPairs(perDistance, length), [1, heads, length, length]);
}

/**
 * Spreads what belongs to a distance, from 1 - length on, to all pairs of that distance. The table is looked
 * up for distances, not for pairs, so that its gradient has few rows: those of the same distance are added up
 * in the graph. x [n, 2 length] -> [n, length, length]: [query, key] is the distance key - query
 */
function byPairs(x: Node, length: Dimension): Node {
  const [n, distances] = [sizeOf(x, 0), sizeOf(x, 1)];
  const repeated = reshape(expand(reshape(x, [n, 1, distances]), [n, length, distances]), [
    n,
    productOf([length, distances]),
  ]);
  // Read in rows that are one shorter, each row begins one distance sooner than the row before it.
  const shorter = difference(distances, 1);
  const shifted = reshape(slice(repeated, 1, 0, productOf([length, shorter])), [n, length, shorter]);
  return slice(shifted, 2, difference(length, 1), length);
}

function selfAttention(trace: Mt5Trace, x: Node, layer: string, side: Side, bias: readonly Node[]): Node {
  const normed = norm(trace, x, `${layer}.layer_norm`);
  return residual(
    trace,
    x,
    attention(trace, `${layer}.SelfAttention`, { states: normed, side }, { states: normed, side }, bias),
    layer,
    side,
  );
}

function crossAttention(
  trace: Mt5Trace,
  x: Node,
  layer: string,
  encoded: Node,
  mask: readonly Node[] | undefined,
): Node {
  const normed = norm(trace, x, `${layer}.layer_norm`);
  return residual(
    trace,
    x,
    attention(
      trace,
      `${layer}.EncDecAttention`,
      { states: normed, side: 'target' },
      { states: encoded, side: 'source' },
      mask,
    ),
    layer,
    'target',
  );
}

interface Tokens {
  readonly states: Node;
  readonly side: Side;
}

/**
 * Linear layers see the tokens, scores see the padded blocks of groups. T5 does not scale the scores: its
 * initialisation did.
 */
function attention(
  trace: Mt5Trace,
  module: string,
  from: Tokens,
  to: Tokens,
  biases: readonly Node[] | undefined,
): Node {
  const { numHeads } = trace.config;
  const heads = (of: Tokens, part: 'q' | 'k' | 'v'): readonly Node[] =>
    splitHeads(trace, applyLinear(trace, of.states, `${module}.${part}`, of.side), of.side);
  const [queries, keys, values] = [heads(from, 'q'), heads(to, 'k'), heads(to, 'v')];
  const mixed = groupsOf(trace).map((group, index) => {
    const scores = matmul(at(queries, index), at(keys, index), { transposeB: true });
    const byRows = reshape(scores, [group.batch, numHeads, group[from.side], group[to.side]]);
    const weights = softmax(biases === undefined ? byRows : add(byRows, at(biases, index)));
    const kept = trace.dropout(weights, {
      name: `${module}#0`,
      rate: trace.config.dropoutRate,
      rows: { kind: 'attention', query: from.side, key: to.side, group },
    });
    return matmul(reshape(kept, scores.shape), at(values, index));
  });
  return applyLinear(trace, joinHeads(trace, mixed, from.side), `${module}.o`, from.side);
}

function at(nodes: readonly Node[], group: number): Node {
  const node = nodes[group];
  if (node === undefined) throw new Error(`there is no group ${group} of rows`);
  return node;
}

/** [tokens, heads * dKv] -> of each group [batch * heads, length, dKv] */
export function splitHeads(trace: Mt5Trace, x: Node, side: Side): readonly Node[] {
  const { numHeads, dKv } = trace.config;
  const groups = groupsOf(trace);
  const tokens = reshape(x, [sizeOf(x, 0), ...tokenShape(trace)]);
  const blocks = split(
    unpack(tokens, packingOf(side, groups), 'some token'),
    0,
    groups.map((group) => slotsOf(side, group)),
  );
  return groups.map((group, index) =>
    transpose(reshape(at(blocks, index), [group[side], productOf([group.batch, numHeads]), dKv]), [1, 0, 2]),
  );
}

/** Of each group [batch * heads, length, dKv] -> [tokens, heads * dKv] */
function joinHeads(trace: Mt5Trace, mixed: readonly Node[], side: Side): Node {
  const { numHeads, dKv } = trace.config;
  const groups = groupsOf(trace);
  const blocks = groups.map((group, index) =>
    reshape(transpose(at(mixed, index), [1, 0, 2]), [slotsOf(side, group), ...tokenShape(trace)]),
  );
  const tokens = pack(joined(blocks, 0), packingOf(side, groups));
  return reshape(tokens, [sizeOf(tokens, 0), numHeads * dKv]);
}

/**
 * What a token has in a block: where groups are single rows, its heads, so that a block is in shape already.
 */
const tokenShape = ({ config: { numHeads, dKv }, singleRows }: Mt5Trace): Shape =>
  singleRows === true ? [numHeads, dKv] : [numHeads * dKv];

/** The feed-forward layer with its norm and its residual. x [tokens, d] -> [tokens, d] */
export function feedForward(trace: Mt5Trace, x: Node, layer: string, side: Side): Node {
  const module = `${layer}.DenseReluDense`;
  const normed = norm(trace, x, `${layer}.layer_norm`);
  const { activation, gated, dropoutRate: rate } = trace.config;
  const inner = gated
    ? multiply(
        activate(activation, applyLinear(trace, normed, `${module}.wi_0`, side)),
        applyLinear(trace, normed, `${module}.wi_1`, side),
      )
    : activate(activation, applyLinear(trace, normed, `${module}.wi`, side));
  const kept = trace.dropout(inner, { name: `${module}.dropout#0`, rate, rows: { kind: 'tokens', side } });
  return residual(trace, x, applyLinear(trace, kept, `${module}.wo`, side), layer, side);
}

/** The RMS norm of x [tokens, d_model] by the weight of `module`. */
export const norm = ({ config, parameters }: Mt5Trace, x: Node, module: string): Node =>
  rmsNorm(x, parameterOf(parameters, `${module}.weight`), config.layerNormEpsilon);

const residual = (trace: Mt5Trace, x: Node, change: Node, layer: string, side: Side): Node =>
  add(
    x,
    trace.dropout(change, {
      name: `${layer}.dropout#0`,
      rate: trace.config.dropoutRate,
      rows: { kind: 'tokens', side },
    }),
  );
