import type { BeamRow, Candidates } from './beam-row.ts';
import type { Decoder, SelectingDecoder } from './decoder.ts';
import type { GenerationOptions } from './generation-options.ts';
import { type LogitsProcessor, processorsOf, samplingProcessors } from './logits-processors.ts';
import {
  candidatesFrom,
  isEnough,
  type SelectedCandidates,
  type Selection,
  selectionOf,
} from './selected-candidates.ts';

export interface SourceRow {
  readonly index: number;
  readonly tokens: readonly number[];
}

/** A source in progress: its running and its finished sequences. */
export interface SourceSearch {
  /** Of its row in the batch. */
  readonly place: number;
  readonly row: BeamRow;
}

/** Sources that are decoded together. */
export interface Batch {
  readonly decoder: Decoder;
  readonly rows: readonly SourceRow[];
  readonly options: GenerationOptions;
  readonly processors: readonly (readonly LogitsProcessor[])[];
  /** Undefined: the decoder cannot return the largest scores alone, or all are needed. */
  readonly selected: Selected | undefined;
}

interface Selected {
  readonly decoder: SelectingDecoder;
  readonly selection: Selection;
  /** Those that apply to some of the scores as to all. */
  readonly processors: readonly (readonly LogitsProcessor[])[];
  readonly scratch: Float32Array;
}

/** Begins with some sources; what does not change from step to step is made once. */
export function openBatch(decoder: Decoder, rows: readonly SourceRow[], options: GenerationOptions): Batch {
  const { selecting, config } = decoder;
  const selection = selectionOf(options);
  const isSelected =
    selecting !== undefined && selection !== undefined && selection.needed <= selecting.needed;
  const { search } = options;
  // Processors of sampling compare scores: they are applied last, to scores that were enough.
  const unsampled = { ...options, search: search.kind === 'sample' ? ({ kind: 'greedy' } as const) : search };
  return {
    decoder,
    rows,
    options,
    processors: rows.map(({ tokens }) => processorsOf(options, tokens)),
    selected: isSelected
      ? {
          decoder: selecting,
          selection,
          processors: rows.map(({ tokens }) => processorsOf(unsampled, tokens)),
          scratch: new Float32Array(config.vocabSize).fill(-Infinity),
        }
      : undefined,
  };
}

/**
 * What may come next, for each beam of each search: from the largest scores of a step if the decoder can
 * return them and they are enough, else from all. No closure over a batch, here and below: each would be
 * compiled again for every batch.
 */
export async function nextCandidates(
  batch: Batch,
  searches: readonly SourceSearch[],
  width: number,
  parents: Int32Array,
): Promise<readonly (readonly Candidates[])[]> {
  const ids = newestTokens(searches, width);
  const { decoder, selected, options } = batch;
  const asked = selected === undefined ? undefined : askedTokens(batch, selected, searches, width);
  if (selected === undefined || asked === undefined)
    return fromAll(batch, searches, width, await decoder.step(ids, parents));
  const found = await selected.decoder.step(ids, parents, asked);
  const candidates: SelectedCandidates[][] = [];
  let first = 0;
  let areEnough = true;
  for (const { place, row } of searches) {
    const ofSource: SelectedCandidates[] = [];
    for (const { tokens } of row.running) {
      const index = first + ofSource.length;
      const [of, own] = [found[index], asked[index]];
      if (of === undefined || own === undefined) throw new Error('the decoder returned too few scores');
      ofSource.push(candidatesFrom(of, own, tokens, selected.processors[place] ?? [], selected.scratch));
    }
    areEnough &&= isEnough(ofSource, row.running, options);
    candidates.push(ofSource);
    first += width;
  }
  if (!areEnough) return fromAll(batch, searches, width, await selected.decoder.scores());
  const { search } = options;
  if (search.kind === 'sample')
    for (const { scores } of candidates.flat())
      for (const apply of samplingProcessors(search)) apply([], scores);
  return candidates;
}

/**
 * The tokens whose scores the processors may change, for each row of scores, equally many; undefined: too
 * many to select any others.
 */
function askedTokens(
  { rows, decoder }: Batch,
  { selection, decoder: { needed } }: Selected,
  searches: readonly SourceSearch[],
  width: number,
): readonly Int32Array[] | undefined {
  const touched = searches.map(({ place, row }) =>
    row.running.map(({ tokens }) => selection.touched(rows[place]?.tokens ?? [], tokens)),
  );
  let most = 1;
  for (const ofBeams of touched) for (const { length } of ofBeams) most = Math.max(most, length);
  if (most + needed > decoder.config.vocabSize) return undefined;
  const asked: Int32Array[] = [];
  for (const ofBeams of touched)
    for (let beam = 0; beam < width; beam += 1) {
      const tokens = ofBeams[Math.min(beam, ofBeams.length - 1)] ?? [];
      const last = tokens.at(-1) ?? 0;
      const own = new Int32Array(most).fill(last);
      own.set(tokens);
      asked.push(own);
    }
  return asked;
}

function fromAll(
  { processors }: Batch,
  searches: readonly SourceSearch[],
  width: number,
  all: Float32Array,
): readonly (readonly Candidates[])[] {
  const size = all.length / (searches.length * width);
  return searches.map(({ place, row }, source) =>
    row.running.map(({ tokens }, beam) => {
      const first = (source * width + beam) * size;
      const scores = all.subarray(first, first + size);
      for (const apply of processors[place] ?? []) apply(tokens, scores);
      return { scores, tokens: undefined };
    }),
  );
}

/**
 * int32 [sources, width]: a source with fewer beams than the widest repeats its last one, whose scores are
 * ignored.
 */
function newestTokens(searches: readonly SourceSearch[], width: number): Int32Array {
  return Int32Array.from(
    searches.flatMap(({ row }) =>
      padded(
        row.running.map(({ tokens }) => tokens.at(-1) ?? 0),
        width,
      ),
    ),
  );
}

/** The last is repeated. */
export function padded<T>(values: readonly T[], length: number): readonly T[] {
  const last = values.at(-1);
  if (last === undefined || values.length >= length) return values;
  return [...values, ...Array.from({ length: length - values.length }, () => last)];
}
