import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { openDecoder, type Decoder } from '../../src/ml/generate/decoder.ts';
import { generate, type GenerateRequest } from '../../src/ml/generate/generate.ts';
import type { GeneratedSequence, GenerationOptions } from '../../src/ml/generate/generation-options.ts';
import { processorsOf } from '../../src/ml/generate/logits-processors.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { modelsWith, mt5Folder, readJsonTable, readModelFolder } from './mt5-tables.ts';
import { expectWithin, noteMeasured } from './within.ts';

interface Arguments {
  readonly max_length?: number;
  readonly max_new_tokens?: number;
  readonly min_new_tokens?: number;
  readonly no_repeat_ngram_size?: number;
  readonly repetition_penalty?: number;
  readonly bad_words_ids?: readonly (readonly number[])[];
  readonly num_beams?: number;
  readonly num_return_sequences?: number;
  readonly early_stopping?: boolean | 'never';
  readonly length_penalty?: number;
}

interface GenerateTable {
  readonly input_ids: readonly (readonly number[])[];
  readonly settings: Readonly<Record<string, { readonly arguments: Arguments; readonly same_in_float32: boolean; readonly sequences: readonly (readonly number[])[]; readonly sequences_scores?: readonly number[] }>>;
}

const optionsOf = (given: Arguments, { decoderStartTokenId, eosTokenId }: Mt5Config): GenerationOptions => ({
  startTokenId: decoderStartTokenId,
  endTokenIds: [eosTokenId],
  maxLength: given.max_new_tokens === undefined ? (given.max_length ?? 20) : given.max_new_tokens + 1,
  minNewTokens: given.min_new_tokens ?? 0,
  repetitionPenalty: given.repetition_penalty ?? 1,
  noRepeatNgramSize: given.no_repeat_ngram_size ?? 0,
  badWords: given.bad_words_ids ?? [],
  search:
    given.num_beams === undefined
      ? { kind: 'greedy' }
      : { kind: 'beam', beams: given.num_beams, earlyStopping: given.early_stopping ?? false, lengthPenalty: given.length_penalty ?? 1, returned: given.num_return_sequences ?? 1 },
});

const models = modelsWith('.generate.json', '-generate/model.safetensors');

describe.skipIf(models.length === 0)('generation gives the token ids of transformers', () => {
  for (const model of models) describe(model, async () => {
    const table = await readJsonTable<GenerateTable>(`${model}.generate.json`);
    const { config, weights } = await readModelFolder(`${model}-generate`);
    const runtime = await openRuntime('onnx', { threads: 2 });
    const decoders = { logits: await openDecoder(runtime, plainTrace(config), weights, 'logits'), logProbabilities: await openDecoder(runtime, plainTrace(config), weights, 'logProbabilities') };
    for (const [name, setting] of Object.entries(table.settings)) {
      test.each([24, 5, 1])(`${name}, batches of %d`, async (batch) => {
        const options = optionsOf(setting.arguments, config);
        const theirs = setting.sequences.map((sequence) => upToEnd(sequence, config.eosTokenId));
        const found = await settleTies(decoders[options.search.kind === 'beam' ? 'logProbabilities' : 'logits'], { sources: table.input_ids, options, batch }, theirs);
        if (setting.same_in_float32) {
          expect(found.map(({ tokens }) => tokens)).toEqual(theirs);
          noteMeasured({ what: 'token ids', compared: theirs.length, difference: 0, allowed: 0 });
        }
        setting.sequences_scores?.forEach((score, index) => {
          if (sameTokens(found[index]?.tokens, theirs[index])) expectWithin(Math.abs((found[index]?.score ?? Number.NaN) - score), 1e-5 * Math.max(1, Math.abs(score)), 'score of a sequence');
        });
      });
    }
  });
});

/**
 * What generation gives; where it is not what is looked for, what it gives with equal scores chosen the other way round. Beam
 * search sums log-probabilities in float32 whatever the model's type, so late in a long sequence tokens that are 1e-5 apart
 * come out equal (seen: 7e-7 apart at a sum of -226), and which of them torch.topk leaves on top is open: it is not stable.
 */
async function settleTies(decoder: Decoder, request: GenerateRequest, theirs: readonly (readonly number[])[]): Promise<readonly GeneratedSequence[]> {
  const found = (await generate(decoder, request)).flat();
  if (found.every(({ tokens }, index) => sameTokens(tokens, theirs[index]))) return found;
  const numbered = (token: number): number => decoder.config.vocabSize - 1 - token;
  const { options } = request;
  const mirrored = { ...options, startTokenId: numbered(options.startTokenId), endTokenIds: options.endTokenIds.map(numbered), badWords: options.badWords.map((word) => word.map(numbered)) };
  const others = (await generate(numberedFromTheEnd(decoder), { ...request, options: mirrored })).flat().map(({ tokens, score }) => ({ tokens: tokens.map(numbered), score }));
  return found.map((sequence, index) => [sequence, others[index]].find((either) => sameTokens(either?.tokens, theirs[index])) ?? sequence);
}

/** The same model with the ids of what it writes counted from the vocabulary's end: a search differs only between equal scores. */
function numberedFromTheEnd(decoder: Decoder): Decoder {
  const { vocabSize } = decoder.config;
  return {
    ...decoder,
    async step(state, ids, parents) {
      const { scores, state: next } = await decoder.step(state, ids.map((id) => vocabSize - 1 - id), parents);
      for (let row = 0; row < ids.length; row += 1) scores.subarray(row * vocabSize, (row + 1) * vocabSize).reverse();
      return { scores, state: next };
    },
  };
}

function upToEnd(sequence: readonly number[], end: number): readonly number[] {
  const place = sequence.indexOf(end);
  return place === -1 ? sequence : sequence.slice(0, place + 1);
}

const sameTokens = (ours: readonly number[] | undefined, theirs: readonly number[] | undefined): boolean => JSON.stringify(ours) === JSON.stringify(theirs);

interface SamplingTable {
  readonly rows: readonly {
    readonly history: readonly number[];
    readonly logits: readonly number[];
    readonly temperature: number;
    readonly top_k: number;
    readonly top_p: number;
    readonly no_repeat_ngram_size: number;
    readonly repetition_penalty: number;
    readonly probabilities: readonly number[];
  }[];
}

describe.skipIf(!existsSync(join(mt5Folder, 'sampling.json')))('sampling', () => {
  test('the processed distributions are those of transformers, in its order', async () => {
    const { rows } = await readJsonTable<SamplingTable>('sampling.json');
    expect(rows.length).toBeGreaterThan(0);
    for (const [index, row] of rows.entries()) {
      const options: GenerationOptions = {
        maxLength: 64,
        minNewTokens: 0,
        repetitionPenalty: row.repetition_penalty,
        noRepeatNgramSize: row.no_repeat_ngram_size,
        badWords: [],
        startTokenId: 0,
        endTokenIds: [1],
        search: { kind: 'sample', seed: 0, temperature: row.temperature, topK: row.top_k, topP: row.top_p },
      };
      const scores = Float64Array.from(row.logits);
      for (const apply of processorsOf(options)) apply(row.history, scores);
      const highest = Math.max(...scores);
      const weights = Array.from(scores, (score) => Math.exp(score - highest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const ours = byTies(row, weights.map((weight) => weight / total));
      const theirs = byTies(row, row.probabilities);
      expectWithin(Math.max(...ours.map((probability, place) => Math.abs(probability - (theirs[place] ?? Number.NaN)))), 1e-6, `probability: row ${index}`);
    }
  });
});

/**
 * Probabilities in an order that does not tell tokens of equal score apart: torch.sort is not stable, so which of them falls
 * outside top-p is an accident of its machine. The penalty parts tokens of equal logits where only one is in the history, but
 * for logits of 0, which it leaves as they are.
 */
function byTies({ logits, history, repetition_penalty: penalty }: SamplingTable['rows'][number], probabilities: readonly number[]): readonly number[] {
  const scoreOf = (token: number): number => {
    const logit = logits[token] ?? 0;
    if (!history.includes(token)) return logit;
    return logit < 0 ? logit * penalty : logit / penalty;
  };
  const order = probabilities.map((probability, token) => [scoreOf(token), probability] as const);
  return order.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, probability]) => probability);
}
