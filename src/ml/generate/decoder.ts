import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { sourceFeeds, stepFeeds } from '../model/mt5-feeds.ts';
import type { Rows } from '../model/rows.ts';
import { decoderEntries, decoderVariables } from '../model/mt5-step.ts';
import type { Mt5Trace } from '../model/mt5-trace.ts';
import type { Runtime, Values } from '../runtime/runtime.ts';

/**
 * A model that continues sequences token by token. It holds what has been decoded so far, of one batch at a
 * time.
 */
export interface Decoder {
  readonly config: Mt5Config;
  /** Begins a batch. A source is a row of token ids, not padded, not empty. */
  start(sources: Rows): Promise<void>;
  /**
   * Scores for the token after `ids`: the newest token of each beam, as many for each source, in the order of
   * sources. `parents` names the row of the step before that each beam continues. Scores are [beams,
   * vocabulary] over all sources.
   */
  step(ids: Int32Array, parents: Int32Array): Promise<Float32Array>;
  /**
   * Goes on with some of the sources: finished ones are no longer computed. Rows are chosen by the next
   * step's `parents`, which still count over all sources.
   */
  keep(sources: readonly number[]): Promise<void>;
  release(): Promise<void>;
}

/**
 * Compiles generation. Weights are float32 under their names in transformers; a LoRA adapter is merged
 * before.
 */
export async function openDecoder(
  runtime: Runtime,
  trace: Mt5Trace,
  weights: Values,
  scores: 'logits' | 'logProbabilities',
): Promise<Decoder> {
  const { config } = trace;
  const session = await runtime.open({
    constants: weights,
    variables: decoderVariables(config),
    entries: decoderEntries(trace, scores),
  });
  let [sources, past] = [0, 0];
  return {
    config,
    async start(rows) {
      await session.run('start', sourceFeeds(rows, config));
      [sources, past] = [rows.length, 0];
    },
    async step(ids, parents) {
      const shape = [sources, ids.length / sources];
      const { scores: result } = await session.run('step', {
        ...stepFeeds(past, config),
        ids: { dtype: 'int32', shape, data: ids },
        parents: { dtype: 'int32', shape, data: parents },
      });
      if (result?.dtype !== 'float32') throw new Error('the decoder returned no scores');
      past += 1;
      return result.data;
    },
    async keep(kept) {
      if (kept.length === sources || kept.length === 0) return;
      await session.run('keep', {
        kept: { dtype: 'int32', shape: [kept.length], data: Int32Array.from(kept) },
      });
      sources = kept.length;
    },
    release: () => session.release(),
  };
}
