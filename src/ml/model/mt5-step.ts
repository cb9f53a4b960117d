import { productOf, sumOf } from '../tensor/dimension.ts';
import type { Graph, Node } from '../tensor/node.ts';
import { add } from '../tensor/ops/elementwise.ts';
import { gather } from '../tensor/ops/indexing.ts';
import { concat, reshape, transpose } from '../tensor/ops/layout.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { logSoftmax, softmax } from '../tensor/ops/normalization.ts';
import { largest } from '../tensor/ops/selection.ts';
import { input } from '../tensor/ops/source.ts';
import { cacheOf, emptyCaches, foldedCaches, keptSources, stateShape } from './mt5-caches.ts';
import { encode, feedForward, logitsOf, norm, positionTable, splitHeads } from './mt5-stack.ts';
import { applyLinear, embedTokens, lookup, type Mt5Trace } from './mt5-trace.ts';
import { paddingMask } from './packed-rows.ts';

/**
 * The graphs of generation, and what each changes of `decoderVariables`. "encode" gives the "states" of some
 * sources, of which "start" is fed with all. "step" gives nothing: "scores" gives all scores of the last one,
 * float32 [batch * beams, vocabulary], "logits" or their log-softmax.
 */
export function decoderEntries(
  trace: Mt5Trace,
  scores: 'logits' | 'logProbabilities',
): Readonly<Record<'encode' | 'start' | 'step' | 'scores' | 'keep' | 'fold', DecoderEntry>> {
  const { last: states } = encode(trace);
  const cross = crossGraph(trace, input('states', states.dtype, states.shape)).outputs;
  return {
    encode: { outputs: { states }, updates: {} },
    start: {
      outputs: {},
      updates: {
        ...cross,
        'cross.mask': paddingMask(),
        ...emptyCaches(trace.config, cross),
      },
    },
    step: { outputs: {}, updates: stepGraph(trace).outputs },
    scores: {
      outputs: {
        scores: scoresOf(trace, scores, input('step.states', 'float32', stateShape(trace.config))),
      },
      updates: {},
    },
    keep: { outputs: {}, updates: keptSources(trace.config) },
    fold: { outputs: {}, updates: foldedCaches(trace.config) },
  };
}

/**
 * A step, and some of its scores, since all of them take long to hand over: "values" float32 and "tokens"
 * int32, [batch * beams, touched + needed], the largest of each row, and "touched" float32 [batch, beams,
 * touched], those that the feed "touched" int32 names by their place among the scores of all rows.
 */
export function selectEntry(
  trace: Mt5Trace,
  scores: 'logits' | 'logProbabilities',
  needed: number,
): DecoderEntry {
  const { states, caches } = stepNodes(trace);
  const all = scoresOf(trace, scores, states);
  const { values, places } = largest(all, sumOf(['touched', needed]));
  const flat = reshape(all, [productOf([rows, trace.config.vocabSize])]);
  const touched = gather(flat, input('touched', 'int32', ['batch', 'beams', 'touched']));
  return {
    outputs: { values, tokens: places, touched },
    updates: { 'step.states': states, ...caches },
  };
}

function scoresOf(trace: Mt5Trace, scores: 'logits' | 'logProbabilities', states: Node): Node {
  const logits = logitsOf(trace, states);
  return scores === 'logits' ? logits : logSoftmax(logits);
}

interface DecoderEntry extends Graph {
  readonly updates: Readonly<Record<string, Node>>;
}

/**
 * What generation wants of the encoder's states [sourceTokens, d]. Feeds: packedFeeds of the source and the
 * parameters. Outputs, for each layer of the decoder: "cross.<layer>.key" and "cross.<layer>.value", float32
 * [batch, heads, source, dKv], which every step reads.
 */
export function crossGraph(trace: Mt5Trace, states: Node): Graph {
  return {
    outputs: Object.fromEntries(
      layersOf(trace).flatMap((layer) =>
        crossNames(layer).map(({ name, part }) => {
          const module = `decoder.block.${layer}.layer.1.EncDecAttention.${part}`;
          const [heads] = splitHeads(trace, applyLinear(trace, states, module, 'source'), 'source');
          if (heads === undefined) throw new Error(`the trace gives no heads of ${module}`);
          return [
            name,
            reshape(heads, ['batch', trace.config.numHeads, 'source', trace.config.dKv]),
          ] as const;
        }),
      ),
    ),
  };
}

/**
 * One step of the decoder for `batch` sources with `beams` continuations each. Keys and values are kept once
 * a source: its beams are query positions, of which each sees the slots of the tokens it continues.
 *
 * Feeds beside the parameters and decoderVariables: "ids" int32 [batch, beams], the newest token of each
 * beam; "step.mask" float32 [batch, beams, slots], 0 where a beam sees a slot, else a very low number;
 * "step.buckets" int32 [batch, slots], the bucket of each slot's distance. Slots are the past and the newest
 * ones.
 *
 * Outputs: "step.states", float32 [batch * beams, d]; "past.<layer>.key" and "past.<layer>.value" with a slot
 * for each beam appended.
 */
export function stepGraph(trace: Mt5Trace): Graph {
  const { states, caches } = stepNodes(trace);
  return { outputs: { 'step.states': states, ...caches } };
}

function stepNodes(trace: Mt5Trace): {
  readonly states: Node;
  readonly caches: Readonly<Record<string, Node>>;
} {
  const ids = reshape(input('ids', 'int32', ['batch', 'beams']), [rows]);
  const bias = trace.config.modelType === 'umt5' ? undefined : stepBias(trace, 0);
  const caches: (readonly [string, Node])[] = [];
  let x = embedTokens(trace, 'decoder', ids);
  for (const layer of layersOf(trace)) {
    const { change, cache } = selfStep(trace, x, layer, bias ?? stepBias(trace, layer));
    caches.push(...cache);
    x = add(x, change);
    x = add(x, crossStep(trace, x, layer));
    x = feedForward(trace, x, `decoder.block.${layer}.layer.2`, 'target');
  }
  return { states: norm(trace, x, 'decoder.final_layer_norm'), caches: Object.fromEntries(caches) };
}

const rows = 'batch*beams';

const layersOf = ({ config }: Mt5Trace): readonly number[] =>
  Array.from({ length: config.numDecoderLayers }, (_, layer) => layer);

const crossNames = (layer: number): readonly { readonly name: string; readonly part: 'k' | 'v' }[] => [
  { name: `cross.${layer}.key`, part: 'k' },
  { name: `cross.${layer}.value`, part: 'v' },
];

/** [batch, heads, beams, slots] */
function stepBias(trace: Mt5Trace, layer: number): Node {
  const buckets = input('step.buckets', 'int32', ['batch', slots]);
  const perSlot = transpose(lookup(trace, positionTable('decoder', layer), buckets), [0, 2, 1]);
  return add(
    reshape(perSlot, ['batch', trace.config.numHeads, 1, slots]),
    reshape(input('step.mask', 'float32', ['batch', 'beams', slots]), ['batch', 1, 'beams', slots]),
  );
}

/** The past ones and the newest ones. */
const slots = 'beams+past';

function selfStep(
  trace: Mt5Trace,
  x: Node,
  layer: number,
  bias: Node,
): { readonly change: Node; readonly cache: readonly (readonly [string, Node])[] } {
  const name = `decoder.block.${layer}.layer.0`;
  const normed = norm(trace, x, `${name}.layer_norm`);
  const newest = (letter: string): Node =>
    headsOfBeams(trace, applyLinear(trace, normed, `${name}.SelfAttention.${letter}`, 'target'));
  const all = (part: 'key' | 'value', last: Node): Node =>
    concat([cacheOf(trace.config, 'past', layer, part), last], 2);
  const [key, value] = [all('key', newest('k')), all('value', newest('v'))];
  const mixed = attention(trace, newest('q'), key, value, bias);
  return {
    change: applyLinear(trace, mixed, `${name}.SelfAttention.o`, 'target'),
    cache: [
      [`past.${layer}.key`, key],
      [`past.${layer}.value`, value],
    ],
  };
}

function crossStep(trace: Mt5Trace, x: Node, layer: number): Node {
  const name = `decoder.block.${layer}.layer.1`;
  const normed = norm(trace, x, `${name}.layer_norm`);
  const query = headsOfBeams(trace, applyLinear(trace, normed, `${name}.EncDecAttention.q`, 'target'));
  const kept = (part: 'key' | 'value'): Node => cacheOf(trace.config, 'cross', layer, part);
  const mixed = attention(trace, query, kept('key'), kept('value'), paddingMask('cross.mask'));
  return applyLinear(trace, mixed, `${name}.EncDecAttention.o`, 'target');
}

/** [batch * beams, heads * dKv] -> [batch, heads, beams, dKv] */
const headsOfBeams = ({ config: { numHeads, dKv } }: Mt5Trace, x: Node): Node =>
  transpose(reshape(x, ['batch', 'beams', numHeads, dKv]), [0, 2, 1, 3]);

/** -> [batch * beams, heads * dKv] */
function attention({ config }: Mt5Trace, query: Node, key: Node, value: Node, bias: Node): Node {
  const weights = softmax(add(matmul(query, key, { transposeB: true }), bias));
  return reshape(transpose(matmul(weights, value), [0, 2, 1, 3]), [rows, config.numHeads * config.dKv]);
}
