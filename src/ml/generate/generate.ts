import type { Rows } from '../model/rows.ts';
import { advanceRow, type Candidates, startRow, type BeamRow } from './beam-row.ts';
import type { Decoder } from './decoder.ts';
import { draw, highest } from './draw.ts';
import type { GeneratedSequence, GenerationOptions, Search } from './generation-options.ts';
import { nextCandidates, openBatch, padded, type SourceRow, type SourceSearch } from './next-candidates.ts';

export interface GenerateRequest {
  /** Token ids, a row a source, not padded, not empty. */
  readonly sources: Rows;
  readonly options: GenerationOptions;
  /** Sources that are decoded together. */
  readonly batch: number;
  /** Called after every finished batch, with the number of finished sources. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Continues each source. Gives, in the order of the sources, one sequence each, or as many as beam search
 * returns, best first. A source's result does not depend on its batch but for ties of floating-point numbers.
 * Throws the signal's reason when it is aborted. The decoder gives log-probabilities for beam search, logits
 * else.
 */
export async function generate(
  decoder: Decoder,
  { sources, options, batch, onProgress, signal }: GenerateRequest,
): Promise<readonly (readonly GeneratedSequence[])[]> {
  const results: (readonly GeneratedSequence[])[] = sources.map(() => []);
  // Rows of like length share a batch: less padding in the source, and batches end together.
  const order = sources
    .map((_, index) => index)
    .sort((a, b) => (sources[b]?.length ?? 0) - (sources[a]?.length ?? 0) || a - b);
  for (let first = 0; first < order.length; first += batch) {
    const rows = order.slice(first, first + batch).map((index) => ({ index, tokens: sources[index] ?? [] }));
    const found = await decodeBatch(decoder, rows, options, signal);
    rows.forEach(({ index }, place) => {
      results[index] = found[place] ?? [];
    });
    onProgress?.(first + rows.length);
  }
  return results;
}

async function decodeBatch(
  decoder: Decoder,
  rows: readonly SourceRow[],
  options: GenerationOptions,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly GeneratedSequence[])[]> {
  const batch = openBatch(decoder, rows, options);
  const results: (readonly GeneratedSequence[])[] = rows.map(() => []);
  await decoder.start(rows.map(({ tokens }) => tokens));
  let searches: readonly SourceSearch[] = rows.map((_, place) => ({
    place,
    row: startRow(options.startTokenId),
  }));
  let parents: Int32Array = Int32Array.from(searches, () => 0);
  while (searches.length > 0) {
    signal?.throwIfAborted();
    const width = Math.max(...searches.map(({ row }) => row.running.length));
    const found = await nextCandidates(batch, searches, width, parents);
    const advanced = searches.map(({ place, row }, source): SourceSearch => ({
      place,
      row: nextRow(row, found[source] ?? [], options, rows[place]?.index ?? 0),
    }));
    for (const { place, row } of advanced)
      if (row.done)
        results[place] = row.finished.slice(0, options.search.kind === 'beam' ? options.search.returned : 1);
    const kept = advanced.flatMap(({ row }, source) => (row.done ? [] : [source]));
    await decoder.keep(kept);
    searches = advanced.filter(({ row }) => !row.done);
    parents = parentRows(searches, kept, width);
  }
  return results;
}

/**
 * The row after a step, by the kind of search: one beam that takes the best or a drawn token, or a beam
 * search.
 */
function nextRow(
  row: BeamRow,
  candidates: readonly Candidates[],
  options: GenerationOptions,
  index: number,
): BeamRow {
  const { search, maxLength, endTokenIds } = options;
  const [only] = candidates;
  const tokens = row.running[0]?.tokens ?? [];
  if (search.kind === 'beam') return advanceRow(row, candidates, { ...search, maxLength, endTokenIds });
  if (only === undefined) throw new Error('a running sequence has no scores');
  const token = chosen(search, only, index, tokens.length);
  const extended = [...tokens, token];
  const done = endTokenIds.includes(token) || extended.length >= maxLength;
  return {
    running: done ? [] : [{ tokens: extended, score: 0, parent: 0 }],
    finished: done ? [{ tokens: extended, score: 0 }] : [],
    done,
  };
}

function chosen(
  search: Exclude<Search, { kind: 'beam' }>,
  { scores, tokens }: Candidates,
  row: number,
  step: number,
): number {
  const place = search.kind === 'greedy' ? highest(scores) : draw(scores, search.seed, row, step);
  return tokens?.[place] ?? place;
}

/**
 * The rows of the state that the beams continue, counted over all the sources of the last step, of which
 * `kept` are left.
 */
function parentRows(
  searches: readonly SourceSearch[],
  kept: readonly number[],
  lastWidth: number,
): Int32Array {
  const width = Math.max(0, ...searches.map(({ row }) => row.running.length));
  return Int32Array.from(
    searches.flatMap(({ row }, index) =>
      padded(
        row.running.map(({ parent }) => (kept[index] ?? 0) * lastWidth + parent),
        width,
      ),
    ),
  );
}
