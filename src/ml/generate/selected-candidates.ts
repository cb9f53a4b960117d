import { type Beam, bestContinuations, type Candidates } from './beam-row.ts';
import type { SelectedScores } from './decoder.ts';
import type { GenerationOptions } from './generation-options.ts';
import { type LogitsProcessor, ngramEnds } from './logits-processors.ts';

/** How the largest scores of a step represent all of them. */
export interface Selection {
  /** How many are needed beside those of tokens that processors change. */
  readonly needed: number;
  /** Tokens whose scores the processors may change, of a sequence that continues a source. */
  readonly touched: (source: readonly number[], tokens: readonly number[]) => readonly number[];
}

/** Undefined: all scores are needed, since a processor changes every one or tokens are drawn from all. */
export function selectionOf(options: GenerationOptions): Selection | undefined {
  const { search, endTokenIds, renormalize, removeInvalidValues } = options;
  if (renormalize || removeInvalidValues || (search.kind === 'sample' && search.topK === 0)) return undefined;
  const always = [
    ...endTokenIds,
    ...(options.forcedStart === null ? [] : [options.forcedStart]),
    ...options.forcedEnd,
    ...options.suppressed,
    ...options.suppressedAtStart,
    ...options.badWords.flatMap((word) => word.slice(-1)),
    ...options.sequenceBias.flatMap(({ tokens }) => tokens.slice(-1)),
  ];
  const readsSource = options.encoderNoRepeatNgramSize !== 0 || options.encoderRepetitionPenalty !== 1;
  const readsTokens = options.repetitionPenalty !== 1;
  const ngram = options.noRepeatNgramSize;
  return {
    needed: fewest(search, endTokenIds.length) + spare,
    touched: (source, tokens) => {
      const ends = ngram === 0 ? [] : ngramEnds(tokens, ngram);
      if (!readsSource && !readsTokens && ends.length === 0) return always;
      return [
        ...new Set([...always, ...(readsSource ? source : []), ...(readsTokens ? tokens : []), ...ends]),
      ];
    },
  };
}

function fewest(search: GenerationOptions['search'], ends: number): number {
  switch (search.kind) {
    case 'greedy':
      return 1;
    case 'sample':
      return search.topK;
    case 'beam':
      return (ends + 1) * search.beams;
  }
}

/** With so many more, none that is left out is likely to equal the last that is needed. */
const spare = 4;

/** Candidates from the largest scores, and the most that a score that is left out can be. */
export interface SelectedCandidates extends Candidates {
  readonly mostLeftOut: number;
}

/**
 * The scores that were given, processed. `scratch` has a place for every token, all of them -Infinity, and
 * has them so again afterwards.
 */
export function candidatesFrom(
  { values, tokens: largest, touched: ofTouched }: SelectedScores,
  ofProcessors: Int32Array,
  sequence: readonly number[],
  processors: readonly LogitsProcessor[],
  scratch: Float32Array,
): SelectedCandidates {
  let place = 0;
  for (const token of largest) scratch[token] = values[place++] ?? -Infinity;
  place = 0;
  for (const token of ofProcessors) scratch[token] = ofTouched[place++] ?? -Infinity;
  for (const apply of processors) apply(sequence, scratch);
  const tokens = ascending(largest, ofProcessors);
  const scores = new Float32Array(tokens.length);
  place = 0;
  for (const token of tokens) {
    scores[place++] = scratch[token] ?? -Infinity;
    scratch[token] = -Infinity;
  }
  return { tokens, scores, mostLeftOut: values.at(-1) ?? -Infinity };
}

/** The tokens of both, each once. */
function ascending(some: Int32Array, others: Int32Array): Int32Array {
  const all = new Int32Array(some.length + others.length);
  all.set(some);
  all.set(others, some.length);
  all.sort();
  let count = 0;
  for (const token of all) if (count === 0 || token !== all[count - 1]) all[count++] = token;
  return all.subarray(0, count);
}

/** Whether no score that was left out can change what a search takes next; equal ones might. */
export function isEnough(
  candidates: readonly SelectedCandidates[],
  running: readonly Beam[],
  { search, endTokenIds }: Pick<GenerationOptions, 'search' | 'endTokenIds'>,
): boolean {
  const count = fewest(search, endTokenIds.length);
  const beams = search.kind === 'beam' ? running : running.map((beam) => ({ ...beam, score: 0 }));
  const least = bestContinuations(beams, candidates, count)[count - 1]?.score ?? -Infinity;
  return candidates.every(
    ({ mostLeftOut }, index) => least > Math.fround((beams[index]?.score ?? 0) + mostLeftOut),
  );
}

/** How many of the largest scores these searches take from a decoder; undefined: they need all. */
export const mostNeeded = (settings: readonly GenerationOptions[]): number | undefined =>
  settings
    .flatMap((options) => selectionOf(options)?.needed ?? [])
    .reduce<number | undefined>((most, needed) => Math.max(most ?? 0, needed), undefined);
