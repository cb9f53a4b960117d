import type { Search, GeneratedSequence } from './generation-options.ts';

type BeamOptions = Extract<Search, { kind: 'beam' }> & {
  readonly maxLength: number;
  readonly endTokenIds: readonly number[];
};

/** Processed scores of a sequence's next token. */
export interface Candidates {
  readonly scores: Float32Array;
  /** The token of each score, ascending; undefined: of every token, in their order. */
  readonly tokens: Int32Array | undefined;
}

/**
 * A sequence that may be continued. `parent`: the row of the decoder's state that holds its cache, counted
 * within its source.
 */
export interface Beam {
  readonly tokens: readonly number[];
  readonly score: number;
  readonly parent: number;
}

/** The search for one source. Sources are independent of each other: a batch is a list of these. */
export interface BeamRow {
  readonly running: readonly Beam[];
  /** The best finished sequences so far, best first, at most one for each beam. */
  readonly finished: readonly Required<{
    readonly [name in keyof GeneratedSequence]: NonNullable<GeneratedSequence[name]>;
  }>[];
  readonly done: boolean;
}

/** One beam, with the decoder's start: all of the first step's candidates are its continuations. */
export const startRow = (startTokenId: number): BeamRow => ({
  running: [{ tokens: [startTokenId], score: 0, parent: 0 }],
  finished: [],
  done: false,
});

/**
 * The row after a step. `logProbabilities`: for each running beam, of its next token, processed. The
 * vectorised beam search of transformers 4.57.1 (GenerationMixin._beam_search) for one source, sums in
 * float32 as there.
 */
export function advanceRow(
  row: BeamRow,
  logProbabilities: readonly Candidates[],
  options: BeamOptions,
): BeamRow {
  const { beams, earlyStopping, lengthPenalty, maxLength, endTokenIds } = options;
  const length = (row.running[0]?.tokens.length ?? 0) + 1;
  const generated = length - 1;
  // As many that end as there are beams may be the best for each way to end: as many again are left to go on.
  const best = bestContinuations(row.running, logProbabilities, (endTokenIds.length + 1) * beams);
  const running: Beam[] = [];
  const ended: { readonly tokens: readonly number[]; readonly score: number }[] = [];
  let place = 0;
  for (const { beam, token, score } of best) {
    const ends = length >= maxLength || endTokenIds.includes(token);
    // Only the best `beams` may finish: the others are there to go on. What is forbidden never finishes,
    // however few are left.
    const counts = ends ? place < beams && score > -Infinity : running.length < beams;
    place += 1;
    if (!counts) continue;
    const tokens = [...(row.running[beam]?.tokens ?? []), token];
    if (ends) ended.push({ tokens, score: Math.fround(score / generated ** lengthPenalty) });
    else running.push({ tokens, score, parent: beam });
  }
  const finished =
    ended.length === 0
      ? row.finished
      : [...row.finished, ...ended].sort((a, b) => b.score - a.score).slice(0, beams);
  const full = finished.length === beams;
  return {
    running,
    finished,
    done:
      running.length === 0 ||
      (full &&
        (earlyStopping === true ||
          !canImprove(running, finished.at(-1)?.score ?? -Infinity, generated, options))),
  };
}

/**
 * Whether the best running beam, at its current length or the longest one possible, may still beat the worst
 * finished one.
 */
function canImprove(
  running: readonly Beam[],
  worst: number,
  generated: number,
  { earlyStopping, lengthPenalty, maxLength }: BeamOptions,
): boolean {
  const length = earlyStopping === 'never' && lengthPenalty > 0 ? maxLength - 1 : generated;
  return Math.fround((running[0]?.score ?? -Infinity) / length ** lengthPenalty) > worst;
}

interface Continuation {
  readonly beam: number;
  readonly token: number;
  readonly score: number;
}

/**
 * The `count` best continuations over all beams, best first; among equals the earlier beam, then the lower
 * token.
 */
export function bestContinuations(
  running: readonly Beam[],
  logProbabilities: readonly Candidates[],
  count: number,
): readonly Continuation[] {
  const best: Continuation[] = [];
  let least = -Infinity;
  running.forEach((beam, index) => {
    const candidates = logProbabilities[index];
    if (candidates === undefined) throw new Error(`beam ${index} has no scores`);
    const { scores, tokens } = candidates;
    let place = 0;
    while (place < scores.length) {
      const score = Math.fround(beam.score + (scores[place] ?? 0));
      if (best.length < count || score > least)
        insert(best, { beam: index, token: tokens?.[place] ?? place, score }, count);
      place += 1;
      if (best.length < count) continue;
      least = best.at(-1)?.score ?? -Infinity;
      place = firstAbove(scores, beam.score, least, place);
    }
  });
  return best;
}

/**
 * The first place from `place` on whose sum is above `least`, a float32: rounding keeps the order, so no sum
 * that is not above it is when rounded. A loop of its own, since nearly all of a vocabulary is passed over.
 */
function firstAbove(scores: Float32Array, base: number, least: number, place: number): number {
  let next = place;
  while (next < scores.length && !(base + (scores[next] ?? 0) > least)) next += 1;
  return next;
}

function insert(best: Continuation[], continuation: Continuation, count: number): void {
  let place = best.length;
  while (place > 0 && (best[place - 1]?.score ?? Infinity) < continuation.score) place -= 1;
  best.splice(place, 0, continuation);
  if (best.length > count) best.pop();
}
