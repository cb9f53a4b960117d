/**
 * Where a decoder's cache has the keys and values of tokens. A source has a slot for every token of every
 * beam: beams that continue another one see its slots, so that nothing is copied when beams change places.
 */
export interface CacheSlots {
  /** Slots of each source. */
  readonly past: number;
  /** How many of them the steps since the last fold have added. */
  readonly recent: number;
  /** For each beam, equally many a source: the slots of its tokens, oldest first. */
  readonly beams: readonly (readonly number[])[];
}

/** One sequence without tokens, which the first beam of every source continues. */
export const emptySlots: CacheSlots = { past: 1, recent: 0, beams: [[]] };

/** Beams that continue those that `parents` names. */
export const continued = (slots: CacheSlots, parents: Int32Array): CacheSlots => ({
  ...slots,
  beams: Array.from(parents, (parent) => {
    const beam = slots.beams[parent];
    if (beam === undefined) throw new Error(`there is no beam ${parent} to continue`);
    return beam;
  }),
});

/** Each beam with a slot for its newest token. */
export const appended = ({ past, recent, beams }: CacheSlots, sources: number): CacheSlots => {
  const width = beams.length / sources;
  return {
    past: past + width,
    recent: recent + width,
    beams: beams.map((beam, row) => [...beam, past + (row % width)]),
  };
};

/**
 * The slots that beams see, in the place of all of them. `sources`: those that the beams belong to, as the
 * cache counts them. `places`: of each new slot the old one, counted over all sources and heads; int32
 * [sources, heads, past].
 */
export function folded(
  { past, beams }: CacheSlots,
  sources: readonly number[],
  heads: number,
): { readonly slots: CacheSlots; readonly places: Int32Array } {
  const width = beams.length / sources.length;
  const seen = sources.map((_, source) =>
    [...new Set(beams.slice(source * width, (source + 1) * width).flat())].sort((a, b) => a - b),
  );
  const length = seen.reduce((most, { length: count }) => Math.max(most, count), 1);
  const places = new Int32Array(sources.length * heads * length);
  for (const [source, kept] of sources.entries())
    for (let head = 0; head < heads; head += 1) {
      const [from, to] = [(kept * heads + head) * past, (source * heads + head) * length];
      // A source that has fewer repeats one that no beam sees there.
      for (let slot = 0; slot < length; slot += 1) places[to + slot] = from + (seen[source]?.[slot] ?? 0);
    }
  const renumbered = seen.map((slots) => new Map(slots.map((slot, place) => [slot, place])));
  return {
    slots: {
      past: length,
      recent: 0,
      beams: beams.map((beam, row) => {
        const placeOf = renumbered[Math.floor(row / width)];
        return beam.map((slot) => placeOf?.get(slot) ?? 0);
      }),
    },
    places,
  };
}
