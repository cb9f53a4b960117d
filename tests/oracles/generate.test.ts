import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { openDecoder, type Decoder } from '../../src/ml/generate/decoder.ts';
import { mostNeeded } from '../../src/ml/generate/selected-candidates.ts';
import { generate, type GenerateRequest } from '../../src/ml/generate/generate.ts';
import { plainOptions } from '../generate/plain-options.ts';
import type { GeneratedSequence, GenerationOptions } from '../../src/ml/generate/generation-options.ts';
import { processorsOf } from '../../src/ml/generate/logits-processors.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { modelsWith, mt5Folder, readJsonTable, readModelFolder } from './mt5-tables.ts';
import { expectWithin, noteMeasured } from './within.ts';
import { oracleRuntime } from './oracle-runtime.ts';

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
  readonly settings: Readonly<
    Record<
      string,
      {
        readonly arguments: Arguments;
        readonly same_in_float32: boolean;
        readonly sequences: readonly (readonly number[])[];
        readonly sequences_scores?: readonly number[];
      }
    >
  >;
}

const optionsOf = (given: Arguments, { decoderStartTokenId, eosTokenIds }: Mt5Config): GenerationOptions => ({
  ...plainOptions,
  startTokenId: decoderStartTokenId,
  endTokenIds: eosTokenIds,
  maxLength: given.max_new_tokens === undefined ? (given.max_length ?? 20) : given.max_new_tokens + 1,
  minNewTokens: given.min_new_tokens ?? 0,
  repetitionPenalty: given.repetition_penalty ?? 1,
  noRepeatNgramSize: given.no_repeat_ngram_size ?? 0,
  badWords: given.bad_words_ids ?? [],
  search:
    given.num_beams === undefined
      ? { kind: 'greedy' }
      : {
          kind: 'beam',
          beams: given.num_beams,
          earlyStopping: given.early_stopping ?? false,
          lengthPenalty: given.length_penalty ?? 1,
          returned: given.num_return_sequences ?? 1,
        },
});

const models = modelsWith('.generate.json', '-generate/model.safetensors');

describe.skipIf(models.length === 0)('generation gives the token ids of transformers', () => {
  for (const model of models)
    describe(model, async () => {
      const table = await readJsonTable<GenerateTable>(`${model}.generate.json`);
      const { config, weights } = await readModelFolder(`${model}-generate`);
      const runtime = await oracleRuntime();
      const needed = mostNeeded(
        Object.values(table.settings).map((setting) => optionsOf(setting.arguments, config)),
      );
      const decoders = {
        logits: await openDecoder(runtime, plainTrace(config), weights, 'logits', needed),
        logProbabilities: await openDecoder(runtime, plainTrace(config), weights, 'logProbabilities', needed),
      };
      for (const [name, setting] of Object.entries(table.settings)) {
        test.each([24, 5, 1])(`${name}, batches of %d`, async (batch) => {
          const options = optionsOf(setting.arguments, config);
          const theirs = setting.sequences.map((sequence) => upToEnd(sequence, config.eosTokenIds[0] ?? 1));
          const decoder = decoders[options.search.kind === 'beam' ? 'logProbabilities' : 'logits'];
          const request = { sources: table.input_ids, options, batch };
          const found = setting.same_in_float32
            ? await settleTies(decoder, request, theirs)
            : (await generate(decoder, request)).flat();
          if (setting.same_in_float32) {
            expect(found.map(({ tokens }) => tokens)).toEqual(theirs);
            noteMeasured({ what: 'token ids', compared: theirs.length, difference: 0, allowed: 0 });
          }
          setting.sequences_scores?.forEach((score, index) => {
            if (sameTokens(found[index]?.tokens, theirs[index]))
              expectWithin(
                Math.abs((found[index]?.score ?? Number.NaN) - score),
                1e-5 * Math.max(1, Math.abs(score)),
                'score of a sequence',
              );
          });
        });
      }
    });
});

/**
 * What generation gives for each source; where that is not what is looked for, what it gives with scores a
 * rounding away. Beam search sums log-probabilities in float32 whatever the model's type, so late in a long
 * sequence beams and tokens that are 1e-5 apart come out equal (seen: 7e-7 apart at a sum of -226, 4e-7 at
 * one of -85 where only one of the two is kept), and which of them torch.topk leaves on top is open: it is
 * not stable.
 */
async function settleTies(
  decoder: Decoder,
  request: GenerateRequest,
  theirs: readonly (readonly number[])[],
): Promise<readonly GeneratedSequence[]> {
  const { search } = request.options;
  const returned = search.kind === 'beam' ? search.returned : 1;
  const isTheirs = (sequences: readonly GeneratedSequence[], source: number): boolean =>
    sequences.every(({ tokens }, index) => sameTokens(tokens, theirs[source * returned + index]));
  let found = await generate(decoder, request);
  for (let round = 1; round <= 24 && !found.every(isTheirs); round += 1) {
    const others = await generate(roundedOtherwise(decoder, round), request);
    found = found.map(
      (sequences, source) =>
        [sequences, others[source] ?? []].find((either) => isTheirs(either, source)) ?? sequences,
    );
  }
  return found.flat();
}

/**
 * The same model, each of whose scores is up to 5e-6 off: half of the last place of a float32 between 64 and
 * 128.
 */
function roundedOtherwise(decoder: Decoder, round: number): Decoder {
  let steps = 0;
  return {
    ...decoder,
    selecting: undefined,
    async step(ids, parents) {
      const scores = await decoder.step(ids, parents);
      steps += 1;
      return scores.map((score, place) => score + 5e-6 * noise(place, steps, round));
    },
  };
}

/** A number from -1 to 1 that looks like chance. */
function noise(...counters: readonly number[]): number {
  const mixed = counters.reduce(
    (hash, counter) => Math.imul(hash ^ (counter + 0x7f4a7c15), 0x9e3779b1) ^ (hash >>> 15),
    1,
  );
  return Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) / 2 ** 31;
}

function upToEnd(sequence: readonly number[], end: number): readonly number[] {
  const place = sequence.indexOf(end);
  return place === -1 ? sequence : sequence.slice(0, place + 1);
}

const sameTokens = (ours: readonly number[] | undefined, theirs: readonly number[] | undefined): boolean =>
  JSON.stringify(ours) === JSON.stringify(theirs);

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
  test('the processed distributions equal those of transformers, in its order', async () => {
    const { rows } = await readJsonTable<SamplingTable>('sampling.json');
    expect(rows.length).toBeGreaterThan(0);
    for (const [index, row] of rows.entries()) {
      const options: GenerationOptions = {
        ...plainOptions,
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
      for (const apply of processorsOf(options, [])) apply(row.history, scores);
      const highest = Math.max(...scores);
      const weights = Array.from(scores, (score) => Math.exp(score - highest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const ours = byTies(
        row,
        weights.map((weight) => weight / total),
      );
      const theirs = byTies(row, row.probabilities);
      expectWithin(
        Math.max(...ours.map((probability, place) => Math.abs(probability - (theirs[place] ?? Number.NaN)))),
        1e-6,
        `probability: row ${index}`,
      );
    }
  });
});

/**
 * Probabilities in an order that does not tell tokens of equal score apart: torch.sort is not stable, so
 * which of them falls outside top-p is an accident of its machine. The penalty parts tokens of equal logits
 * where only one is in the history, but for logits of 0, which it leaves as they are.
 */
function byTies(
  { logits, history, repetition_penalty: penalty }: SamplingTable['rows'][number],
  probabilities: readonly number[],
): readonly number[] {
  const scoreOf = (token: number): number => {
    const logit = logits[token] ?? 0;
    if (!history.includes(token)) return logit;
    return logit < 0 ? logit * penalty : logit / penalty;
  };
  const order = probabilities.map((probability, token) => [scoreOf(token), probability] as const);
  return order.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, probability]) => probability);
}
