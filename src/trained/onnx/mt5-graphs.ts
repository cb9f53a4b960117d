import type { Mt5Config } from '../../ml/checkpoint/mt5-config.ts';
import { positionTable } from '../../ml/model/mt5-stack.ts';
import { masked } from '../../ml/model/packed-rows.ts';
import { positionBucket } from '../../ml/model/position-bucket.ts';
import { activate } from './activate.ts';
import { type GraphBuilder, graphBuilder } from './graph-builder.ts';
import type { OnnxModel } from './onnx-graph.ts';

/** A parameter by its name in transformers; `transposed`: [in, out] instead of [out, in]. */
type WeightOf = (builder: GraphBuilder, name: string, transposed?: 'transposed') => string;

/** A T5 to be written as graphs. */
export interface Mt5Source {
  readonly config: Mt5Config;
  readonly weight: WeightOf;
}

// Names and shapes of inputs and outputs are those of optimum's export (optimum-onnx 0.1), which
// transformers.js reads.
const batch = 'batch_size';
const source = 'encoder_sequence_length';
const target = 'decoder_sequence_length';
const past = 'past_decoder_sequence_length';

/** Token ids and their mask, padded, to the last states of the encoder. */
export function encoderGraph(from: Mt5Source): OnnxModel {
  const { config } = from;
  const built = graphBuilder('encoder');
  const { builder } = built;
  const ids = builder.input('input_ids', 'int64', [batch, source]);
  const mask = paddingMask(builder, builder.input('attention_mask', 'int64', [batch, source]));
  const length = sizeOf(builder, ids, 1);
  const positions = range(builder, length);
  const bias = layerBiases(from, builder, 'encoder', positions, positions, mask);
  let x = embedded(from, builder, ids);
  for (let block = 0; block < config.numLayers; block += 1) {
    const name = `encoder.block.${block}`;
    const normed = norm(from, builder, x, `${name}.layer.0.layer_norm`);
    const module = `${name}.layer.0.SelfAttention`;
    const [key, value] = [
      headsOf(from, builder, normed, `${module}.k`),
      headsOf(from, builder, normed, `${module}.v`),
    ];
    x = builder.apply('Add', [x, attention(from, builder, module, normed, { key, value }, bias(block))]);
    x = feedForward(from, builder, x, `${name}.layer.1`);
  }
  const last = norm(from, builder, x, 'encoder.final_layer_norm');
  builder.output(last, 'last_hidden_state', 'float32', [batch, source, config.dModel]);
  return built.finish();
}

/**
 * A decoder's inputs besides the ids. `first`: the states of the encoder; `with-past`: keys and values of
 * earlier steps; `merged`: both, and `use_cache_branch` selects whether the keys and values of the source are
 * already there.
 */
type DecoderKind = 'first' | 'with-past' | 'merged';

/** Ids of the target to logits, and the keys and values for the next step. */
export function decoderGraph(from: Mt5Source, kind: DecoderKind): OnnxModel {
  const { config } = from;
  const { numHeads, dKv, dModel } = config;
  const built = graphBuilder(`decoder ${kind}`);
  const { builder } = built;
  const mask = paddingMask(builder, builder.input('encoder_attention_mask', 'int64', [batch, source]));
  const ids = builder.input('input_ids', 'int64', [batch, target]);
  const encoded =
    kind === 'with-past'
      ? undefined
      : builder.input('encoder_hidden_states', 'float32', [batch, source, dModel]);
  const cache = (layer: number, side: 'decoder' | 'encoder', part: Part): string =>
    builder.input(`past_key_values.${layer}.${side}.${part}`, 'float32', [
      batch,
      numHeads,
      side === 'decoder' ? past : source,
      dKv,
    ]);
  const layers = Array.from({ length: config.numDecoderLayers }, (_, layer) => layer);
  const kept = layers.map((layer) =>
    kind === 'first'
      ? undefined
      : {
          own: { key: cache(layer, 'decoder', 'key'), value: cache(layer, 'decoder', 'value') },
          cross: { key: cache(layer, 'encoder', 'key'), value: cache(layer, 'encoder', 'value') },
        },
  );
  const useCache = kind === 'merged' ? builder.input('use_cache_branch', 'bool', [1]) : undefined;
  const cross = layers.map((layer) => {
    const computed = (inner: GraphBuilder): KeyValue => {
      if (encoded === undefined) throw new Error('a decoder without a cache reads the states of the encoder');
      const module = `decoder.block.${layer}.layer.1.EncDecAttention`;
      return {
        key: headsOf(from, inner, encoded, `${module}.k`),
        value: headsOf(from, inner, encoded, `${module}.v`),
      };
    };
    const known = kept[layer]?.cross;
    if (known === undefined) return computed(builder);
    return useCache === undefined ? known : chosen(builder, useCache, known, computed, config);
  });

  const length = sizeOf(builder, ids, 1);
  const before = kept[0] === undefined ? undefined : sizeOf(builder, kept[0].own.key, 2);
  const all = before === undefined ? length : builder.apply('Add', [before, length]);
  const keys = range(builder, all);
  const queries = before === undefined ? keys : builder.apply('Add', [range(builder, length), before]);
  const bias = layerBiases(from, builder, 'decoder', queries, keys, causalMask(builder, queries, keys));

  let x = embedded(from, builder, ids);
  const presents: { readonly own: KeyValue; readonly cross: KeyValue }[] = [];
  for (const layer of layers) {
    const name = `decoder.block.${layer}`;
    const own = ownKeyValue(
      from,
      builder,
      norm(from, builder, x, `${name}.layer.0.layer_norm`),
      layer,
      kept[layer]?.own,
    );
    x = builder.apply('Add', [
      x,
      attention(from, builder, `${name}.layer.0.SelfAttention`, own.normed, own, bias(layer)),
    ]);
    const crossed = cross[layer];
    if (crossed === undefined) throw new Error(`layer ${layer} has no keys of the source`);
    const normed = norm(from, builder, x, `${name}.layer.1.layer_norm`);
    x = builder.apply('Add', [
      x,
      attention(from, builder, `${name}.layer.1.EncDecAttention`, normed, crossed, mask),
    ]);
    x = feedForward(from, builder, x, `${name}.layer.2`);
    presents.push({ own, cross: crossed });
  }
  const hidden = norm(from, builder, x, 'decoder.final_layer_norm');
  builder.output(logits(from, builder, hidden), 'logits', 'float32', [batch, target, config.vocabSize]);
  const ownLength = kind === 'first' ? target : `${past} + ${target}`;
  for (const [layer, { own, cross: crossed }] of presents.entries())
    for (const part of ['key', 'value'] as const) {
      builder.output(own[part], `present.${layer}.decoder.${part}`, 'float32', [
        batch,
        numHeads,
        ownLength,
        dKv,
      ]);
      if (kind !== 'with-past')
        builder.output(crossed[part], `present.${layer}.encoder.${part}`, 'float32', [
          batch,
          numHeads,
          source,
          dKv,
        ]);
    }
  return built.finish();
}

type Part = 'key' | 'value';
/** [batch, heads, length, dKv] */
type KeyValue = Readonly<Record<Part, string>>;

/** The keys and values of the source: from the cache, or computed if it is empty. */
function chosen(
  builder: GraphBuilder,
  useCache: string,
  known: KeyValue,
  compute: (branch: GraphBuilder) => KeyValue,
  { numHeads, dKv }: Mt5Config,
): KeyValue {
  const branch = (name: string, of: (inner: GraphBuilder) => KeyValue) =>
    builder.branch(name, (inner) => {
      const { key, value } = of(inner);
      for (const [part, made] of [
        ['key', key],
        ['value', value],
      ] as const)
        inner.output(made, `${name}_${known[part]}`, 'float32', [batch, numHeads, source, dKv]);
    });
  const [key = '', value = ''] = builder.applyAll(
    'If',
    [useCache],
    {
      then_branch: { graph: branch('kept', () => known) },
      else_branch: { graph: branch('computed', compute) },
    },
    2,
  );
  return { key, value };
}

function ownKeyValue(
  from: Mt5Source,
  builder: GraphBuilder,
  normed: string,
  layer: number,
  before: KeyValue | undefined,
): KeyValue & { readonly normed: string } {
  const module = `decoder.block.${layer}.layer.0.SelfAttention`;
  const extended = (part: Part, newest: string): string =>
    before === undefined ? newest : builder.apply('Concat', [before[part], newest], { axis: { int: 2 } });
  return {
    normed,
    key: extended('key', headsOf(from, builder, normed, `${module}.k`)),
    value: extended('value', headsOf(from, builder, normed, `${module}.v`)),
  };
}

/** x [batch, length, d]; the bias is added to the scores. T5 does not scale them. */
function attention(
  from: Mt5Source,
  builder: GraphBuilder,
  module: string,
  x: string,
  { key, value }: KeyValue,
  bias: string,
): string {
  const query = headsOf(from, builder, x, `${module}.q`);
  const scores = builder.apply('MatMul', [
    query,
    builder.apply('Transpose', [key], { perm: { ints: [0, 1, 3, 2] } }),
  ]);
  const weights = builder.apply('Softmax', [builder.apply('Add', [scores, bias])], { axis: { int: -1 } });
  const rows = builder.apply('Transpose', [builder.apply('MatMul', [weights, value])], {
    perm: { ints: [0, 2, 1, 3] },
  });
  const { numHeads, dKv } = from.config;
  return linear(from, builder, reshape(builder, rows, [0, 0, numHeads * dKv]), `${module}.o`);
}

/** [batch, length, d] -> [batch, heads, length, dKv] */
function headsOf(from: Mt5Source, builder: GraphBuilder, x: string, module: string): string {
  const { numHeads, dKv } = from.config;
  return builder.apply(
    'Transpose',
    [reshape(builder, linear(from, builder, x, module), [0, 0, numHeads, dKv])],
    {
      perm: { ints: [0, 2, 1, 3] },
    },
  );
}

function feedForward(from: Mt5Source, builder: GraphBuilder, x: string, layer: string): string {
  const { gated, activation } = from.config;
  const normed = norm(from, builder, x, `${layer}.layer_norm`);
  const module = `${layer}.DenseReluDense`;
  const inner = (name: string): string => linear(from, builder, normed, `${module}.${name}`);
  const active = activate(builder, activation, inner(gated ? 'wi_0' : 'wi'));
  const product = gated ? builder.apply('Mul', [active, inner('wi_1')]) : active;
  return builder.apply('Add', [x, linear(from, builder, product, `${module}.wo`)]);
}

const linear = (from: Mt5Source, builder: GraphBuilder, x: string, module: string): string =>
  builder.apply('MatMul', [x, from.weight(builder, `${module}.weight`, 'transposed')]);

/** A tied head is the embedding: it is stored unchanged, so that the file contains it once. */
function logits(from: Mt5Source, builder: GraphBuilder, hidden: string): string {
  const { tieWordEmbeddings, scaleDecoderOutputs, dModel, vocabSize } = from.config;
  const scaled = scaleDecoderOutputs
    ? builder.apply('Mul', [hidden, builder.constant('float32', [], [dModel ** -0.5])])
    : hidden;
  if (!tieWordEmbeddings) return linear(from, builder, scaled, 'lm_head');
  const rows = reshape(builder, scaled, [-1, dModel]);
  const product = builder.apply('Gemm', [rows, from.weight(builder, 'shared.weight')], {
    transB: { int: 1 },
  });
  const shape = builder.apply(
    'Concat',
    [
      builder.apply('Shape', [hidden], { start: { int: 0 }, end: { int: 2 } }),
      builder.constant('int64', [1], [vocabSize]),
    ],
    { axis: { int: 0 } },
  );
  return builder.apply('Reshape', [product, shape]);
}

const embedded = (from: Mt5Source, builder: GraphBuilder, ids: string): string =>
  builder.apply('Gather', [from.weight(builder, 'shared.weight'), ids]);

/** Root mean square, without a mean and a bias. */
function norm(from: Mt5Source, builder: GraphBuilder, x: string, name: string): string {
  const mean = builder.apply('ReduceMean', [builder.apply('Mul', [x, x])], {
    axes: { ints: [-1] },
    keepdims: { int: 1 },
  });
  const epsilon = builder.constant('float32', [], [from.config.layerNormEpsilon]);
  const root = builder.apply('Sqrt', [builder.apply('Add', [mean, epsilon])]);
  return builder.apply('Mul', [builder.apply('Div', [x, root]), from.weight(builder, `${name}.weight`)]);
}

/**
 * What each layer adds to its scores: the bias of positions, which all layers share but those of a umT5, and
 * the mask. Positions are int64 vectors. [1 or batch, heads, queries, keys]
 */
function layerBiases(
  from: Mt5Source,
  builder: GraphBuilder,
  part: 'encoder' | 'decoder',
  queries: string,
  keys: string,
  mask: string,
): (block: number) => string {
  const buckets = positionBuckets(from.config, builder, part, queries, keys);
  const biases = new Map<string, string>();
  return (block) => {
    const table = positionTable(part, from.config.modelType === 'umt5' ? block : 0);
    const known = biases.get(table);
    if (known !== undefined) return known;
    const perPair = builder.apply('Gather', [from.weight(builder, table), buckets]);
    const byHead = builder.apply('Transpose', [perPair], { perm: { ints: [2, 0, 1] } });
    const bias = builder.apply('Add', [
      builder.apply('Unsqueeze', [byHead, builder.constant('int64', [1], [0])]),
      mask,
    ]);
    biases.set(table, bias);
    return bias;
  };
}

/**
 * The bucket of every pair, from a table of the distances up to the greatest that counts: a logarithm in the
 * graph could round to the other side of a bucket's edge. [queries, keys]
 */
function positionBuckets(
  { relativeAttentionNumBuckets, relativeAttentionMaxDistance: most }: Mt5Config,
  builder: GraphBuilder,
  part: 'encoder' | 'decoder',
  queries: string,
  keys: string,
): string {
  const table = Array.from({ length: 2 * most + 1 }, (_, index) =>
    positionBucket(index - most, {
      count: relativeAttentionNumBuckets,
      maxDistance: most,
      bidirectional: part === 'encoder',
    }),
  );
  const distances = builder.apply('Clip', [
    distancesOf(builder, queries, keys),
    builder.constant('int64', [], [-most]),
    builder.constant('int64', [], [most]),
  ]);
  const places = builder.apply('Add', [distances, builder.constant('int64', [], [most])]);
  return builder.apply('Gather', [builder.constant('int64', [table.length], table), places]);
}

/** Key minus query, of every pair. [queries, keys] */
const distancesOf = (builder: GraphBuilder, queries: string, keys: string): string =>
  builder.apply('Sub', [
    builder.apply('Unsqueeze', [keys, builder.constant('int64', [1], [0])]),
    builder.apply('Unsqueeze', [queries, builder.constant('int64', [1], [1])]),
  ]);

/** 0 where a query sees a key, the lowest number where the key comes later. [queries, keys] */
const causalMask = (builder: GraphBuilder, queries: string, keys: string): string =>
  builder.apply('Where', [
    builder.apply('Greater', [distancesOf(builder, queries, keys), builder.constant('int64', [], [0])]),
    builder.constant('float32', [], [masked]),
    builder.constant('float32', [], [0]),
  ]);

/** From 1 at tokens and 0 at padding: 0, and the lowest number. [batch, 1, 1, source] */
function paddingMask(builder: GraphBuilder, mask: string): string {
  const isPadding = builder.apply('Equal', [mask, builder.constant('int64', [], [0])]);
  const added = builder.apply('Where', [
    isPadding,
    builder.constant('float32', [], [masked]),
    builder.constant('float32', [], [0]),
  ]);
  return builder.apply('Unsqueeze', [added, builder.constant('int64', [2], [1, 2])]);
}

/** A scalar. */
const sizeOf = (builder: GraphBuilder, x: string, axis: number): string =>
  builder.apply('Gather', [builder.apply('Shape', [x]), builder.constant('int64', [], [axis])]);

const range = (builder: GraphBuilder, length: string): string =>
  builder.apply('Range', [builder.constant('int64', [], [0]), length, builder.constant('int64', [], [1])]);

/** 0 keeps a size, -1 is inferred from the others. */
const reshape = (builder: GraphBuilder, x: string, shape: readonly number[]): string =>
  builder.apply('Reshape', [x, builder.constant('int64', [shape.length], shape)]);
