import { elementCount } from '../element-count.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { sourceFeeds, stepFeeds } from '../model/mt5-feeds.ts';
import type { Rows } from '../model/packed-rows.ts';
import { crossGraph, stepGraph } from '../model/mt5-step.ts';
import type { Mt5Trace } from '../model/mt5-trace.ts';
import type { HostValue, Runtime } from '../runtime/runtime.ts';

type Values = Readonly<Record<string, HostValue>>;

/** A model that continues sequences token by token, with a cache of keys and values. */
export interface Decoder {
  readonly config: Mt5Config;
  /** Encodes the sources. A source is a row of token ids, not padded, not empty. */
  start(sources: Rows): Promise<DecoderState>;
  /**
   * Scores for the token after `ids`: the newest token of each beam, as many for each source, in the order of
   * sources.
   * `parents` names the row of the state that each beam continues. Scores are [beams, vocabulary] over all sources.
   */
  step(
    state: DecoderState,
    ids: Int32Array,
    parents: Int32Array,
  ): Promise<{ readonly scores: Float32Array; readonly state: DecoderState }>;
  release(): Promise<void>;
}

/** What has been decoded so far: keys and values by source, and by row (a beam of a source). */
export interface DecoderState {
  readonly sources: number;
  readonly past: number;
  /** Once a source: "cross.<layer>.key" and ".value", and "source.mask". */
  readonly bySource: Values;
  /** Once a row: "self.<layer>.key" and ".value". */
  readonly byRow: Values;
}

/**
 * Compiles the two graphs of generation. Weights are float32 under their names in transformers; a LoRA
 * adapter is merged before.
 */
export async function openDecoder(
  runtime: Runtime,
  trace: Mt5Trace,
  weights: Values,
  scores: 'logits' | 'logProbabilities',
): Promise<Decoder> {
  const { config } = trace;
  const encoder = await runtime.compile(crossGraph(trace));
  const stepper = await runtime.compile(stepGraph(trace, scores));
  return {
    config,
    async start(sources) {
      const feeds = sourceFeeds(sources, config);
      const cross = await encoder.run({ ...weights, ...feeds });
      const mask = feeds['source.mask'];
      return {
        sources: sources.length,
        past: 0,
        bySource: { ...cross, ...(mask === undefined ? {} : { 'source.mask': mask }) },
        byRow: emptyCache(config),
      };
    },
    async step(state, ids, parents) {
      const shape = [state.sources, ids.length / state.sources];
      const { scores: result, ...byRow } = await stepper.run({
        ...weights,
        ...state.bySource,
        ...state.byRow,
        ...stepFeeds(state.past, config),
        ids: { dtype: 'int32', shape, data: ids },
        parents: { dtype: 'int32', shape, data: parents },
      });
      if (result?.dtype !== 'float32') throw new Error('the decoder returned no scores');
      return { scores: result.data, state: { ...state, past: state.past + 1, byRow } };
    },
    async release() {
      await encoder.release();
      await stepper.release();
    },
  };
}

/**
 * The state of some of its sources: finished ones are no longer computed. Rows are chosen by the next step's
 * `parents`.
 */
export function keepSources(state: DecoderState, kept: readonly number[]): DecoderState {
  if (kept.length === state.sources) return state;
  return {
    ...state,
    sources: kept.length,
    bySource: Object.fromEntries(
      Object.entries(state.bySource).map(([name, value]) => [name, rowsOf(value, kept)]),
    ),
  };
}

function rowsOf(value: HostValue, kept: readonly number[]): HostValue {
  if (value.dtype !== 'float32') throw new Error(`a cache has dtype ${value.dtype}`);
  const [, ...inner] = value.shape;
  const size = elementCount(inner);
  const data = new Float32Array(kept.length * size);
  kept.forEach((from, to) => data.set(value.data.subarray(from * size, (from + 1) * size), to * size));
  return { dtype: 'float32', shape: [kept.length, ...inner], data };
}

/** No token yet: one row of nothing, which every source's first beam continues. */
function emptyCache({ numDecoderLayers, numHeads, dKv }: Mt5Config): Values {
  const nothing: HostValue = { dtype: 'float32', shape: [1, numHeads, 0, dKv], data: new Float32Array(0) };
  return Object.fromEntries(
    Array.from({ length: numDecoderLayers }, (_, layer) => [`self.${layer}.key`, `self.${layer}.value`])
      .flat()
      .map((name) => [name, nothing]),
  );
}
