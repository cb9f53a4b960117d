import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { ignoredLabel } from '../tensor/ops/loss.ts';
import {
  type Feed,
  type Feeds,
  feedsOfGroups,
  longest,
  masked,
  packedFeeds,
  type Side,
  sourceMask,
  vector,
} from './packed-rows.ts';
import type { CacheSlots } from './cache-slots.ts';
import type { Rows } from './rows.ts';
import { bucketRow, bucketsByDistance, type Buckets } from './position-bucket.ts';
import type { RowGroups } from './row-groups.ts';

/**
 * The inputs of `encode`: tokens, their positions, the padding mask, and the buckets of relative positions.
 */
export function sourceFeeds(rows: Rows, config: Mt5Config, groups?: RowGroups): Feeds {
  return {
    ...packedFeeds('source', rows, groups),
    ...feedsOfGroups(rows, groups, ({ rows: grouped }) => ({
      'source.mask': sourceMask(grouped),
      'source.buckets': buckets(longest(grouped), config, 'source'),
    })),
  };
}

/**
 * What `decode` reads beside the source: the decoder's tokens, of which the first is the start token, and its
 * mask and buckets.
 */
export function targetFeeds(rows: Rows, config: Mt5Config, groups?: RowGroups): Feeds {
  return {
    ...packedFeeds('target', rows, groups),
    ...feedsOfGroups(rows, groups, ({ rows: grouped }) => {
      const length = longest(grouped);
      return {
        'target.mask': { dtype: 'float32', shape: [length, length], data: causalMask(length) },
        'target.buckets': buckets(length, config, 'target'),
      };
    }),
  };
}

/**
 * The inputs of the loss: the label of each decoder token, -100 where it is ignored, and its weight in the
 * loss. Equal weights 1/n give the mean over n labels; other weights make the gradients of parts of a batch
 * add up to those of the whole.
 */
export function labelFeeds(labels: Rows, weight: number): Feeds {
  const ids = Int32Array.from(labels.flat());
  return {
    'target.labels': vector(ids),
    'target.weights': {
      dtype: 'float32',
      shape: [ids.length],
      data: Float32Array.from(ids, (label) => (label === ignoredLabel ? 0 : weight)),
    },
  };
}

/** The decoder's tokens for labels: the start token, then all but the last; transformers' _shift_right. */
export function shiftRight(labels: Rows, config: Mt5Config): Rows {
  return labels.map((row) => [
    config.decoderStartTokenId,
    ...row.slice(0, -1).map((id) => (id === ignoredLabel ? config.padTokenId : id)),
  ]);
}

/**
 * What a decoder's step reads of the slots of `sources`: which of them each beam sees, its own newest one
 * included, and how far away they are.
 */
export function stepFeeds({ past, beams }: CacheSlots, sources: number, config: Mt5Config): Feeds {
  const width = beams.length / sources;
  const slots = past + width;
  const distances = bucketRow(beams[0]?.length ?? 0, bucketsOf(config, 'target'));
  const mask = new Float32Array(beams.length * slots).fill(masked);
  const ofSlots = new Int32Array(sources * slots);
  beams.forEach((beam, row) => {
    const source = Math.floor(row / width) * slots;
    const newest = past + (row % width);
    for (let position = 0; position <= beam.length; position += 1) {
      const slot = beam[position] ?? newest;
      mask[row * slots + slot] = 0;
      ofSlots[source + slot] = distances[position] ?? 0;
    }
  });
  return {
    'step.mask': { dtype: 'float32', shape: [sources, width, slots], data: mask },
    'step.buckets': { dtype: 'int32', shape: [sources, slots], data: ofSlots },
  };
}

const bucketsOf = (config: Mt5Config, side: Side): Buckets => ({
  count: config.relativeAttentionNumBuckets,
  maxDistance: config.relativeAttentionMaxDistance,
  bidirectional: side === 'source',
});

const buckets = (length: number, config: Mt5Config, side: Side): Feed =>
  vector(bucketsByDistance(length, bucketsOf(config, side)));

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let query = 0; query < length; query += 1)
    mask.fill(masked, query * length + query + 1, (query + 1) * length);
  return mask;
}
