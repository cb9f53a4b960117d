import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { appended, continued, emptySlots, folded } from '../model/cache-slots.ts';
import { encoderBatches } from '../model/encoder-batches.ts';
import { decoderVariables } from '../model/mt5-caches.ts';
import { sourceFeeds, stepFeeds } from '../model/mt5-feeds.ts';
import { decoderEntries, selectEntry } from '../model/mt5-step.ts';
import type { Mt5Trace } from '../model/mt5-trace.ts';
import { packedFeeds, sourceMask } from '../model/packed-rows.ts';
import type { Rows } from '../model/rows.ts';
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
  const session = await runtime.open<string>({
    constants: weights,
    variables: decoderVariables(config),
    entries: {
      ...decoderEntries(trace, scores),
      ...(needed === undefined ? {} : { select: selectEntry(trace, scores, needed) }),
    },
  });
  let slots = emptySlots;
  /** The sources that are left, as "fold" counts them: those of the last step. */
  let sources: readonly number[] = [];
  let hasLeft = false;
  const fold = async (): Promise<void> => {
    const { slots: left, places } = folded(slots, sources, config.numHeads);
    const shape = [sources.length, config.numHeads, left.past];
    await session.run('fold', { slots: { dtype: 'int32', shape, data: places } });
    [slots, sources, hasLeft] = [left, [...sources.keys()], false];
  };
  const advance = async (
    entry: 'step' | 'select',
    ids: Int32Array,
    parents: Int32Array,
    touched: Values = {},
  ): Promise<Values> => {
    slots = continued(slots, parents);
    if (hasLeft || slots.recent >= mostRecent) await fold();
    const shape = [sources.length, ids.length / sources.length];
    const outputs = await session.run(entry, {
      ...stepFeeds(slots, sources.length, config),
      ids: { dtype: 'int32', shape, data: ids },
      ...touched,
    });
    slots = appended(slots, sources.length);
    return outputs;
  };
  const allScores = async (): Promise<Float32Array> => {
    const { scores: all } = await session.run('scores', {});
    if (all?.dtype !== 'float32') throw new Error('the decoder returned no scores');
    return all.data;
  };
  const selecting: SelectingDecoder | undefined =
    needed === undefined
      ? undefined
      : {
          needed,
          async step(ids, parents, touched) {
            const shape = [sources.length, ids.length / sources.length, touched[0]?.length ?? 0];
            const data = placesOf(touched, config.vocabSize);
            const named = { touched: { dtype: 'int32', shape, data } } as const;
            return selectedScores(await advance('select', ids, parents, named), touched.length);
          },
          scores: allScores,
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
      [slots, sources, hasLeft] = [emptySlots, [...rows.keys()], false];
    },
    async step(ids, parents) {
      await advance('step', ids, parents);
      return allScores();
    },
    async keep(kept) {
      if (kept.length === sources.length || kept.length === 0) return;
      await session.run('keep', {
        kept: { dtype: 'int32', shape: [kept.length], data: Int32Array.from(kept) },
      });
      sources = kept.map((source) => sources[source] ?? 0);
      hasLeft = true;
    },
    release: () => session.release(),
  };
}

/** The places of tokens among the scores of all rows. */
function placesOf(touched: readonly Int32Array[], vocabSize: number): Int32Array {
  const places = new Int32Array(touched.length * (touched[0]?.length ?? 0));
  let place = 0;
  let first = 0;
  for (const tokens of touched) {
    for (const token of tokens) places[place++] = first + token;
    first += vocabSize;
  }
  return places;
}

/** The outputs of "select", by rows. */
function selectedScores({ values, tokens, touched }: Values, rows: number): readonly SelectedScores[] {
  if (values?.dtype !== 'float32' || tokens?.dtype !== 'int32' || touched?.dtype !== 'float32')
    throw new Error('the decoder returned no scores');
  const [count, width] = [values.data.length / rows, touched.data.length / rows];
  return Array.from({ length: rows }, (_, row) => ({
    values: values.data.subarray(row * count, (row + 1) * count),
    tokens: tokens.data.subarray(row * count, (row + 1) * count),
    touched: touched.data.subarray(row * width, (row + 1) * width),
  }));
}

/** Slots of a source. Those of tokens that no beam continues are computed until they are folded away. */
const mostRecent = 64;

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
