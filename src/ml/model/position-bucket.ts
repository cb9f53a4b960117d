/** How a stack of a T5 sorts relative positions into the rows of its table of biases. */
export interface Buckets {
  readonly count: number;
  /** Distances from here on share the last bucket. */
  readonly maxDistance: number;
  /** Whether keys after the query have buckets of their own (encoder), or are all masked (decoder). */
  readonly bidirectional: boolean;
}

/**
 * The bucket of a relative position (key - query): one a distance up to half of the buckets, then a
 * logarithm's steps. As transformers' T5Attention._relative_position_bucket (4.57.1), rounding included: it
 * computes in float32, and the logarithm of a power of two can fall on either side of a bucket's edge.
 */
export function positionBucket(relative: number, { count, maxDistance, bidirectional }: Buckets): number {
  const buckets = bidirectional ? count >> 1 : count;
  const start = bidirectional && relative > 0 ? buckets : 0;
  const distance = bidirectional ? Math.abs(relative) : Math.max(0, -relative);
  const exact = buckets >> 1;
  if (distance < exact) return start + distance;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maxDistance / exact)),
  );
  return start + Math.min(buckets - 1, exact + Math.trunc(Math.fround(share * (buckets - exact))));
}

/**
 * The buckets of the relative positions 1 - length … length; `length` positions have all of them but the
 * last.
 */
export const bucketsByDistance = (length: number, buckets: Buckets): Int32Array =>
  Int32Array.from({ length: 2 * length }, (_, index) => positionBucket(index - length + 1, buckets));

/** The buckets of the keys 0 … query, as the position `query` sees them: a decoder's step. */
export function bucketRow(query: number, buckets: Buckets): Int32Array {
  return Int32Array.from({ length: query + 1 }, (_, key) => positionBucket(key - query, buckets));
}
