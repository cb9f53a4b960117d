import type { Runtime } from '../runtime/runtime.ts';
import { type BertScore, openMatcher, type WeightedTokens } from './greedy-matching.ts';
import type { SentenceEncoder } from './sentence-encoder.ts';

/** A candidate and its reference. */
export interface TextPair {
  readonly candidate: string;
  readonly reference: string;
}

export interface BertScoreOptions {
  /** Weigh tokens by how rare they are among the references. */
  readonly idf: boolean;
  /** The mean scores of unrelated texts: scores are rescaled so that these become 0. */
  readonly baseline: BertScore | null;
  /** Pairs that are encoded together; 64 in bert_score. It counts: see WeightedTokens.padded. */
  readonly batch: number;
  readonly onProgress?: (done: number) => void;
}

/**
 * BERTScore of each pair (Zhang et al. 2020), as bert_score 0.3.12: tokens matched greedily by cosine
 * similarity. Where a text has two tokens, precision and recall are 0: to bert_score it is the [CLS] and
 * [SEP] of an empty text. It counts so for a T5 too, where an empty text is one token, and matched; F1 is
 * that of the match, as there.
 */
export async function bertScores(
  pairs: readonly TextPair[],
  encoder: SentenceEncoder,
  runtime: Runtime,
  options: BertScoreOptions,
): Promise<readonly BertScore[]> {
  const weightOf = tokenWeights(pairs, encoder, options.idf);
  const match = await openMatcher(runtime, encoder.width);
  const scores: BertScore[] = [];
  for (let first = 0; first < pairs.length; first += options.batch) {
    const batch = pairs.slice(first, first + options.batch);
    const embedded = await embedTexts(
      batch.flatMap(({ candidate, reference }) => [candidate, reference]),
      encoder,
    );
    const longest = {
      candidate: longestOf(batch.map(({ candidate }) => candidate)),
      reference: longestOf(batch.map(({ reference }) => reference)),
    };
    for (const { candidate, reference } of batch) {
      const [left, right] = [embedded.get(candidate), embedded.get(reference)];
      if (left === undefined || right === undefined) throw new Error('a text of the batch was not embedded');
      const matched = await match(weighted(left, longest.candidate), weighted(right, longest.reference));
      const isTwo = left.ids.length === 2 || right.ids.length === 2;
      scores.push(rescaled(isTwo ? { ...matched, precision: 0, recall: 0 } : matched, options.baseline));
    }
    options.onProgress?.(first + batch.length);

    function longestOf(texts: readonly string[]): number {
      return Math.max(...texts.map((text) => embedded.get(text)?.ids.length ?? 0));
    }
  }
  await match.release();
  return scores;

  function weighted({ ids, vectors }: Embedded, longest: number): WeightedTokens {
    return { vectors, weights: shares(ids.map(weightOf)), padded: ids.length < longest };
  }
}

interface Embedded {
  readonly ids: readonly number[];
  readonly vectors: Float32Array;
}

/** Each text once, long ones together. */
async function embedTexts(
  texts: readonly string[],
  encoder: SentenceEncoder,
): Promise<ReadonlyMap<string, Embedded>> {
  const rows = [...new Set(texts)]
    .map((text) => ({ text, ids: encoder.tokenize(text) }))
    .sort((a, b) => b.ids.length - a.ids.length);
  const vectors = await encoder.embed(rows.map(({ ids }) => ids));
  return new Map(
    rows.map(({ text, ids }, index) => [text, { ids, vectors: vectors[index] ?? new Float32Array() }]),
  );
}

/**
 * The weight of a token: 1, or with idf log((N + 1) / (n + 1)) where n of the N references contain it.
 * Separators have weight 0 without idf; with idf they occur in every reference, which makes their weight 0.
 */
function tokenWeights(
  pairs: readonly TextPair[],
  encoder: SentenceEncoder,
  idf: boolean,
): (id: number) => number {
  const separators = new Set(encoder.separators);
  if (!idf) return (id) => (separators.has(id) ? 0 : 1);
  const documents = new Map<number, number>();
  for (const { reference } of pairs)
    for (const id of new Set(encoder.tokenize(reference))) documents.set(id, (documents.get(id) ?? 0) + 1);
  return (id) => Math.log((pairs.length + 1) / ((documents.get(id) ?? 0) + 1));
}

/** Weights divided by their sum, in float32. */
function shares(weights: readonly number[]): Float32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(weights, (weight) => weight / total);
}

const rescaled = ({ precision, recall, f1 }: BertScore, baseline: BertScore | null): BertScore =>
  baseline === null
    ? { precision, recall, f1 }
    : {
        precision: (precision - baseline.precision) / (1 - baseline.precision),
        recall: (recall - baseline.recall) / (1 - baseline.recall),
        f1: (f1 - baseline.f1) / (1 - baseline.f1),
      };
