import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { productOf, sumOf } from '../tensor/dimension.ts';
import type { Graph, Node, Shape } from '../tensor/node.ts';
import { add } from '../tensor/ops/elementwise.ts';
import { gather } from '../tensor/ops/indexing.ts';
import { concat, reshape, transpose } from '../tensor/ops/layout.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { logSoftmax, softmax } from '../tensor/ops/normalization.ts';
import { largest } from '../tensor/ops/selection.ts';
import { constant, input } from '../tensor/ops/source.ts';
import { encode, feedForward, logitsOf, norm, positionTable, splitHeads } from './mt5-stack.ts';
import { applyLinear, embedTokens, lookup, type Mt5Trace } from './mt5-trace.ts';
import { paddingMask } from './packed-rows.ts';

/**
 * The graphs of generation, and what each changes of `decoderVariables`. "encode" gives the "states" of some
 * sources, of which "start" is fed with all.
 */
export function decoderEntries(
  trace: Mt5Trace,
  scores: 'logits' | 'logProbabilities',
): Readonly<Record<'encode' | 'start' | 'step' | 'keep', DecoderEntry>> {
  const { result, caches } = scoredStep(trace, scores);
  const { last: states } = encode(trace);
  const encoded = input('states', states.dtype, states.shape);
  return {
    encode: { outputs: { states }, updates: {} },
    start: {
      outputs: {},
      updates: {
        ...crossGraph(trace, encoded).outputs,
        'cross.mask': paddingMask(),
        ...emptyCaches(trace.config),
      },
    },
    step: { outputs: { scores: result }, updates: caches },
    keep: { outputs: {}, updates: keptSources(trace.config) },
  };
}

/**
 * A step that gives some of the scores and keeps all of them in `heldScores`, for a device from which all
 * take long to get: "values" float32 and "tokens" int32, [batch * beams, touched + needed], the largest of
 * each row, and "touched" float32 [batch, beams, touched], those that the feed "touched" int32 names by their
 * place among the scores of all rows. The entry "scores" gives all.
 */
export function selectingEntries(
  trace: Mt5Trace,
  scores: 'logits' | 'logProbabilities',
  needed: number,
): Readonly<Record<'select' | 'scores', DecoderEntry>> {
  const { result, caches } = scoredStep(trace, scores);
  const { vocabSize } = trace.config;
  const { values, places } = largest(result, sumOf(['touched', needed]));
  const flat = reshape(result, [productOf([rows, vocabSize])]);
  const touched = gather(flat, input('touched', 'int32', ['batch', 'beams', 'touched']));
  return {
    select: { outputs: { values, tokens: places, touched }, updates: { ...caches, scores: result } },
    scores: { outputs: { scores: input('scores', 'float32', heldScores(trace.config)) }, updates: {} },
  };
}

export const heldScores = ({ vocabSize }: Mt5Config): Shape => ['scoreRows', vocabSize];

function scoredStep(
  trace: Mt5Trace,
  scores: 'logits' | 'logProbabilities',
): { readonly result: Node; readonly caches: Readonly<Record<string, Node>> } {
  const { scores: result, ...caches } = stepGraph(trace, scores).outputs;
  if (result === undefined) throw new Error('the step has no scores');
  return { result, caches };
}

interface DecoderEntry extends Graph {
  readonly updates: Readonly<Record<string, Node>>;
}

/**
 * The state kept from step to step: once for a source "cross.…", once for a row (a beam of a source)
 * "self.…".
 */
export const decoderVariables = (config: Mt5Config): Readonly<Record<string, Shape>> => ({
  ...Object.fromEntries(
    Array.from({ length: config.numDecoderLayers }, (_, layer) =>
      (['key', 'value'] as const).flatMap((part) => [
        [`cross.${layer}.${part}`, crossShape(config)] as const,
        [`self.${layer}.${part}`, selfShape(config)] as const,
      ]),
    ).flat(),
  ),
  'cross.mask': ['batch', 1, 1, 'source'],
});

const crossShape = ({ numHeads, dKv }: Mt5Config): Shape => ['batch', numHeads, 'source', dKv];
const selfShape = ({ numHeads, dKv }: Mt5Config): Shape => ['cacheRows', numHeads, 'past', dKv];

const variablesNamed = (config: Mt5Config, prefix: string): readonly (readonly [string, Shape])[] =>
  Object.entries(decoderVariables(config)).filter(([name]) => name.startsWith(prefix));

/** No token yet: one row of nothing, which every source's first beam continues. */
function emptyCaches(config: Mt5Config): Readonly<Record<string, Node>> {
  const nothing = constant([], [1, config.numHeads, 0, config.dKv]);
  return Object.fromEntries(variablesNamed(config, 'self.').map(([name]) => [name, nothing]));
}

/** The sources that "kept" int32 [kept] names. */
const keptSources = (config: Mt5Config): Readonly<Record<string, Node>> =>
  Object.fromEntries(
    variablesNamed(config, 'cross.').map(([name, shape]) => [
      name,
      gather(input(name, 'float32', shape), input('kept', 'int32', ['kept'])),
    ]),
  );

/**
 * What generation wants of the encoder's states [sourceTokens, d]. Feeds: packedFeeds of the source and the
 * parameters. Outputs, for each layer of the decoder: "cross.<layer>.key" and "cross.<layer>.value", float32
 * [batch, heads, source, dKv], to be fed to every step.
 */
export function crossGraph(trace: Mt5Trace, states: Node): Graph {
  return {
    outputs: Object.fromEntries(
      layersOf(trace).flatMap((layer) =>
        crossNames(layer).map(({ name, part }) => {
          const module = `decoder.block.${layer}.layer.1.EncDecAttention.${part}`;
          const [heads] = splitHeads(trace, applyLinear(trace, states, module, 'source'), 'source');
          if (heads === undefined) throw new Error(`the trace gives no heads of ${module}`);
          return [name, heads] as const;
        }),
      ),
    ),
  };
}

/**
 * One step of the decoder for `batch` sources with `beams` continuations each, whose caches are rows: a row a
 * beam, in the order of sources. Keys and values of the source are kept once a source: its beams are query
 * positions.
 *
 * Feeds beside the parameters: "ids" int32 [batch, beams], the newest token of each beam; "parents" int32
 * [batch, beams], the row of the cache that each beam continues (over all sources); "cross.mask", the
 * "source.mask" that the encoder was fed with; the outputs of crossGraph; "step.buckets" int32 [past + 1]
 * from stepFeeds(past); for each layer "self.<layer>.key" and "self.<layer>.value", float32 [cacheRows,
 * heads, past, dKv], with past = 0 at first and then what the last step gave.
 *
 * Outputs: "scores", float32 [batch * beams, vocabulary], logits or their log-softmax; "self.<layer>.key" and
 * "self.<layer>.value", float32 [batch * beams, heads, past + 1, dKv].
 */
export function stepGraph(trace: Mt5Trace, scores: 'logits' | 'logProbabilities'): Graph {
  const ids = reshape(input('ids', 'int32', ['batch', 'beams']), [rows]);
  const parents = reshape(input('parents', 'int32', ['batch', 'beams']), [rows]);
  const bias = trace.config.modelType === 'umt5' ? undefined : stepBias(trace, 0);
  const caches: (readonly [string, Node])[] = [];
  let x = embedTokens(trace, 'decoder', ids);
  for (const layer of layersOf(trace)) {
    const { change, cache } = selfStep(trace, x, layer, parents, bias ?? stepBias(trace, layer));
    caches.push(...cache);
    x = add(x, change);
    x = add(x, crossStep(trace, x, layer));
    x = feedForward(trace, x, `decoder.block.${layer}.layer.2`, 'target');
  }
  const logits = logitsOf(trace, norm(trace, x, 'decoder.final_layer_norm'));
  return {
    outputs: { scores: scores === 'logits' ? logits : logSoftmax(logits), ...Object.fromEntries(caches) },
  };
}

const rows = 'batch*beams';

const layersOf = ({ config }: Mt5Trace): readonly number[] =>
  Array.from({ length: config.numDecoderLayers }, (_, layer) => layer);

const crossNames = (layer: number): readonly { readonly name: string; readonly part: 'k' | 'v' }[] => [
  { name: `cross.${layer}.key`, part: 'k' },
  { name: `cross.${layer}.value`, part: 'v' },
];

/** [1, heads, 1, past + 1] */
function stepBias(trace: Mt5Trace, layer: number): Node {
  const perKey = lookup(trace, positionTable('decoder', layer), input('step.buckets', 'int32', ['past+1']));
  return reshape(transpose(perKey, [1, 0]), [1, trace.config.numHeads, 1, 'past+1']);
}

function selfStep(
  trace: Mt5Trace,
  x: Node,
  layer: number,
  parents: Node,
  bias: Node,
): { readonly change: Node; readonly cache: readonly (readonly [string, Node])[] } {
  const { numHeads, dKv } = trace.config;
  const name = `decoder.block.${layer}.layer.0`;
  const normed = norm(trace, x, `${name}.layer_norm`);
  const part = (letter: string): Node =>
    reshape(applyLinear(trace, normed, `${name}.SelfAttention.${letter}`, 'target'), [
      rows,
      numHeads,
      1,
      dKv,
    ]);
  const extended = (cache: string, newest: Node): Node =>
    concat([gather(input(cache, 'float32', selfShape(trace.config)), parents), newest], 2);
  const key = extended(`self.${layer}.key`, part('k'));
  const value = extended(`self.${layer}.value`, part('v'));
  const weights = softmax(add(matmul(part('q'), key, { transposeB: true }), bias));
  const joined = reshape(matmul(weights, value), [rows, numHeads * dKv]);
  return {
    change: applyLinear(trace, joined, `${name}.SelfAttention.o`, 'target'),
    cache: [
      [`self.${layer}.key`, key],
      [`self.${layer}.value`, value],
    ],
  };
}

function crossStep(trace: Mt5Trace, x: Node, layer: number): Node {
  const { numHeads, dKv } = trace.config;
  const name = `decoder.block.${layer}.layer.1`;
  const query = applyLinear(
    trace,
    norm(trace, x, `${name}.layer_norm`),
    `${name}.EncDecAttention.q`,
    'target',
  );
  const perSource = transpose(reshape(query, ['batch', 'beams', numHeads, dKv]), [0, 2, 1, 3]);
  const kept = (part: 'key' | 'value'): Node =>
    input(`cross.${layer}.${part}`, 'float32', crossShape(trace.config));
  const weights = softmax(
    add(matmul(perSource, kept('key'), { transposeB: true }), paddingMask('cross.mask')),
  );
  const joined = reshape(transpose(matmul(weights, kept('value')), [0, 2, 1, 3]), [rows, numHeads * dKv]);
  return applyLinear(trace, joined, `${name}.EncDecAttention.o`, 'target');
}
