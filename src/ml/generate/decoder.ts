import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { encoderBatches } from '../model/encoder-batches.ts';
import { sourceFeeds, stepFeeds } from '../model/mt5-feeds.ts';
import { packedFeeds, sourceMask } from '../model/packed-rows.ts';
import type { Rows } from '../model/rows.ts';
import { decoderEntries, decoderVariables, heldScores, selectingEntries } from '../model/mt5-step.ts';
import type { Mt5Trace } from '../model/mt5-trace.ts';
import type { HostValue, Runtime, Values } from '../runtime/runtime.ts';

/** A model that continues sequences token by token. It holds the state of one batch at a time. */
export interface Decoder {
  readonly config: Mt5Config;
  /** Begins a batch. A source is a row of token ids, not padded, not empty; the longest come first. */
  start(sources: Rows): Promise<void>;
  /**
   * Scores for the token after `ids`: the newest token of each beam, as many for each source, in the order of
   * sources. `parents` names the row of the step before that each beam continues. Scores are [beams,
   * vocabulary] over all sources.
   */
  step(ids: Int32Array, parents: Int32Array): Promise<Float32Array>;
  /**
   * Continues with some of the sources: finished ones are no longer computed. Rows are chosen by the next
   * step's `parents`, which still index all sources.
   */
  keep(sources: readonly number[]): Promise<void>;
  /** Another way to take a step, where all scores take long to get. */
  readonly selecting: SelectingDecoder | undefined;
  release(): Promise<void>;
}

/** Returns the largest scores of a step, and those of the requested tokens; all scores stay on the device. */
export interface SelectingDecoder {
  /** The number of largest scores to return in addition to the number requested. */
  readonly needed: number;
  /** As `Decoder.step`. `touched`: tokens whose scores are requested, equally many for each row of scores. */
  step(
    ids: Int32Array,
    parents: Int32Array,
    touched: readonly Int32Array[],
  ): Promise<readonly SelectedScores[]>;
  /** All scores of the last step. */
  scores(): Promise<Float32Array>;
}

/** Of one row of scores. */
export interface SelectedScores {
  /** The largest scores, largest first, of equals that of the lower token first. */
  readonly values: Float32Array;
  readonly tokens: Int32Array;
  readonly touched: Float32Array;
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
  needed: number | undefined = undefined,
): Promise<Decoder> {
  const { config } = trace;
  const selects = needed !== undefined && runtime.name === 'tensorflow';
  const session = await runtime.open<string>({
    constants: weights,
    variables: { ...decoderVariables(config), ...(selects ? { scores: heldScores(config) } : {}) },
    entries: {
      ...decoderEntries(trace, scores),
      ...(selects ? selectingEntries(trace, scores, needed) : {}),
    },
  });
  let [sources, past] = [0, 0];
  const stepFeedsOf = (ids: Int32Array, parents: Int32Array): Values => {
    const shape = [sources, ids.length / sources];
    return {
      ...stepFeeds(past, config),
      ids: { dtype: 'int32', shape, data: ids },
      parents: { dtype: 'int32', shape, data: parents },
    };
  };
  const selecting: SelectingDecoder | undefined = !selects
    ? undefined
    : {
        needed,
        async step(ids, parents, touched) {
          const width = touched[0]?.length ?? 0;
          const places = Int32Array.from(
            touched.flatMap((tokens, row) => Array.from(tokens, (token) => row * config.vocabSize + token)),
          );
          const shape = [sources, ids.length / sources, width];
          const found = await session.run('select', {
            ...stepFeedsOf(ids, parents),
            touched: { dtype: 'int32', shape, data: places },
          });
          const { values, tokens, touched: own } = found;
          if (values?.dtype !== 'float32' || tokens?.dtype !== 'int32' || own?.dtype !== 'float32')
            throw new Error('the decoder returned no scores');
          past += 1;
          const count = width + needed;
          return touched.map((_, row) => ({
            values: values.data.subarray(row * count, (row + 1) * count),
            tokens: tokens.data.subarray(row * count, (row + 1) * count),
            touched: own.data.subarray(row * width, (row + 1) * width),
          }));
        },
        async scores() {
          const { scores: all } = await session.run('scores', {});
          if (all?.dtype !== 'float32') throw new Error('the decoder kept no scores');
          return all.data;
        },
      };
  return {
    config,
    selecting,
    async start(rows) {
      const batches = runtime.device === 'cpu' ? encoderBatches(rows) : [rows];
      const parts: Float32Array[] = [];
      for (const batch of batches) {
        const { states } = await session.run('encode', sourceFeeds(batch, config));
        if (states?.dtype !== 'float32') throw new Error('the encoder returned no states');
        parts.push(states.data);
      }
      await session.run('start', {
        ...packedFeeds('source', rows),
        'source.mask': sourceMask(rows),
        states: stackedRows(parts, config.dModel),
      });
      [sources, past] = [rows.length, 0];
    },
    async step(ids, parents) {
      const { scores: result } = await session.run('step', stepFeedsOf(ids, parents));
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

/** [rows, width] */
function stackedRows(parts: readonly Float32Array[], width: number): HostValue {
  const data = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { dtype: 'float32', shape: [data.length / width, width], data };
}
