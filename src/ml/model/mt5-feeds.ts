import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Side } from './mt5-trace.ts';
import { bucketRow, bucketTable, type Buckets } from './position-bucket.ts';

/** A tensor that is fed to a graph: those of the runtime's HostValues that a T5 reads. */
export type Feed = { readonly shape: readonly number[] } & ({ readonly dtype: 'float32'; readonly data: Float32Array } | { readonly dtype: 'int32'; readonly data: Int32Array });

export type Feeds = Readonly<Record<string, Feed>>;

/** Token ids of the rows of a batch, without padding; no row is empty. */
export type Rows = readonly (readonly number[])[];

/** What `encode` reads: tokens, where they stand, the mask of the padding, and the buckets of positions. */
export function sourceFeeds(rows: Rows, config: Mt5Config): Feeds {
  const length = longest(rows);
  return {
    'source.ids': vector(rows.flat()),
    ...packingFeeds('source', rows, length),
    'source.mask': sourceMask(rows, length),
    'source.buckets': table(bucketTable(length, bucketsOf(config, 'source')), length),
  };
}

/** What `decode` reads beside the source: the decoder's tokens, of which the first is the start token, and its mask and buckets. */
export function targetFeeds(rows: Rows, config: Mt5Config): Feeds {
  const length = longest(rows);
  return {
    'target.ids': vector(rows.flat()),
    ...packingFeeds('target', rows, length),
    'target.mask': { dtype: 'float32', shape: [length, length], data: causalMask(length) },
    'target.buckets': table(bucketTable(length, bucketsOf(config, 'target')), length),
  };
}

/**
 * What the loss reads: the label of each of the decoder's tokens, -100 where none counts, and its weight in the loss. Equal
 * weights 1/n give the mean over n labels; with others, the gradients of parts of a batch add up to those of the whole.
 */
export function labelFeeds(labels: Rows, weight: number): Feeds {
  const ids = Int32Array.from(labels.flat());
  const weights = Float32Array.from(ids, (label) => (label === ignoredLabel ? 0 : weight));
  return { 'target.labels': vector(ids), 'target.weights': { dtype: 'float32', shape: [weights.length], data: weights } };
}

/** A position that has no label, as in PyTorch and transformers. */
export const ignoredLabel = -100;

/** The decoder's tokens for labels: the start token, then all but the last; transformers' _shift_right. */
export function shiftRight(labels: Rows, config: Mt5Config): Rows {
  return labels.map((row) => [config.decoderStartTokenId, ...row.slice(0, -1).map((id) => (id === ignoredLabel ? config.padTokenId : id))]);
}

/** What a decoder's step reads at position `past`: the buckets of the positions up to and with it. */
export function stepFeeds(past: number, config: Mt5Config): Feeds {
  return { 'step.buckets': vector(bucketRow(past, bucketsOf(config, 'target'))) };
}

/** float32 [batch, 1, 1, length]: 0 at tokens, at padding the lowest number, which softmax makes an exact 0. */
export function sourceMask(rows: Rows, length = longest(rows)): Feed {
  const data = new Float32Array(rows.length * length).fill(masked);
  rows.forEach((row, index) => data.fill(0, index * length, index * length + row.length));
  return { dtype: 'float32', shape: [rows.length, 1, 1, length], data };
}

export const longest = (rows: Rows): number => rows.reduce((most, row) => Math.max(most, row.length), 0);

const masked = -3.4028234663852886e38;

const bucketsOf = (config: Mt5Config, side: Side): Buckets => ({
  count: config.relativeAttentionNumBuckets,
  maxDistance: config.relativeAttentionMaxDistance,
  bidirectional: side === 'source',
});

function packingFeeds(side: Side, rows: Rows, length: number): Feeds {
  const slotTokens = new Int32Array(rows.length * length);
  const slotMask = new Float32Array(rows.length * length);
  const tokenSlots = rows.flatMap((row, index) => row.map((_, position) => index * length + position));
  tokenSlots.forEach((slot, token) => {
    slotTokens[slot] = token;
    slotMask[slot] = 1;
  });
  return {
    [`${side}.tokenSlots`]: vector(tokenSlots),
    [`${side}.slotTokens`]: vector(slotTokens),
    [`${side}.slotMask`]: { dtype: 'float32', shape: [slotMask.length], data: slotMask },
  };
}

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let query = 0; query < length; query += 1) mask.fill(masked, query * length + query + 1, (query + 1) * length);
  return mask;
}

function vector(values: readonly number[] | Int32Array): Feed {
  return { dtype: 'int32', shape: [values.length], data: values instanceof Int32Array ? values : Int32Array.from(values) };
}

const table = (data: Int32Array, length: number): Feed => ({ dtype: 'int32', shape: [length, length], data });
