import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decoder } from '../../src/ml/generate/decoder.ts';
import { generate } from '../../src/ml/generate/generate.ts';
import type { GenerationOptions, Search } from '../../src/ml/generate/generation-options.ts';
import { mostNeeded } from '../../src/ml/generate/selected-candidates.ts';
import { hashCombineOf } from '../../src/ml/tensor/ops/random.ts';
import { tinyConfig } from '../model/tiny-model.ts';
import { plainOptions } from './plain-options.ts';

const vocabSize = 90;

/** Scores are a function of what a row has read; with few distinct ones many are equal. */
function hashingDecoder(distinct: number, needed: number | undefined, asked: string[]): Decoder {
  let states: readonly number[] = [];
  let isFirst = true;
  let last = new Float32Array(0);
  const advance = (ids: Int32Array, parents: Int32Array): Float32Array => {
    // Every source's first beam continues the one row of nothing.
    const parentOf = (row: number): number => (isFirst ? row : (parents[row] ?? 0));
    states = Array.from(ids, (id, row) => hashCombineOf(states[parentOf(row)] ?? 0, id));
    isFirst = false;
    last = Float32Array.from(
      states.flatMap((state) =>
        Array.from(
          { length: vocabSize },
          (_, token) => -((hashCombineOf(state, token) >>> 0) % distinct) / 7,
        ),
      ),
    );
    return last;
  };
  return {
    config: { ...tinyConfig, vocabSize },
    async start(sources) {
      states = sources.map((source) => source.reduce(hashCombineOf, 1));
      isFirst = true;
    },
    async step(ids, parents) {
      asked.push('step');
      return advance(ids, parents).slice();
    },
    selecting:
      needed === undefined
        ? undefined
        : {
            needed,
            async step(ids, parents, touched) {
              asked.push('selected');
              const all = advance(ids, parents);
              return touched.map((tokens, row) => {
                const scores = all.subarray(row * vocabSize, (row + 1) * vocabSize);
                const largest = Array.from(scores.keys())
                  .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b)
                  .slice(0, needed + tokens.length);
                return {
                  tokens: Int32Array.from(largest),
                  values: Float32Array.from(largest, (token) => scores[token] ?? 0),
                  touched: Float32Array.from(tokens, (token) => scores[token] ?? 0),
                };
              });
            },
            async scores() {
              asked.push('scores');
              return last.slice();
            },
          },
    async keep() {},
    async release() {},
  };
}

const searches: fc.Arbitrary<Search> = fc.oneof(
  fc.constant({ kind: 'greedy' } as const),
  fc.record({
    kind: fc.constant('beam' as const),
    beams: fc.integer({ min: 2, max: 4 }),
    earlyStopping: fc.constantFrom(true, false, 'never' as const),
    lengthPenalty: fc.constantFrom(0.5, 1, 2),
    returned: fc.constant(2),
  }),
  fc.record({
    kind: fc.constant('sample' as const),
    seed: fc.integer({ min: 0, max: 99 }),
    temperature: fc.constantFrom(0.7, 1, 1.5),
    topK: fc.integer({ min: 1, max: 20 }),
    topP: fc.constantFrom(0.8, 1),
  }),
);

const settings: fc.Arbitrary<GenerationOptions> = fc
  .record({
    search: searches,
    maxLength: fc.integer({ min: 3, max: 12 }),
    repetitionPenalty: fc.constantFrom(1, 1.3),
    noRepeatNgramSize: fc.constantFrom(0, 1, 2),
    encoderNoRepeatNgramSize: fc.constantFrom(0, 2),
    badWords: fc.constantFrom([], [[7], [3, 4]]),
    minNewTokens: fc.constantFrom(0, 3),
    forcedStart: fc.constantFrom(null, 5),
    forcedEnd: fc.constantFrom([], [1]),
    suppressed: fc.constantFrom([], [2, 8, 9]),
  })
  .map((given) => ({ ...plainOptions, ...given }));

test('the largest scores give the tokens that all scores give, also where many are equal', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.constantFrom(2, 5, 64, 1e6), async (options, distinct) => {
      const sources = [
        [5, 6, 7, 1],
        [9, 1],
        [12, 3, 1],
      ];
      const request = { sources, options, batch: 2 };
      const found = await generate(hashingDecoder(distinct, mostNeeded([options]), []), request);
      expect(found).toEqual(await generate(hashingDecoder(distinct, undefined, []), request));
    }),
    { numRuns: 200 },
  );
});

test('all scores are asked for only if a processor changes each or equal ones decide', async () => {
  const kindsOf = async (
    options: Partial<GenerationOptions>,
    distinct: number,
  ): Promise<readonly string[]> => {
    const asked: string[] = [];
    const whole = { ...plainOptions, maxLength: 4, endTokenIds: [], ...options };
    const needed = mostNeeded([plainOptions]);
    await generate(hashingDecoder(distinct, needed, asked), { sources: [[5, 1]], options: whole, batch: 1 });
    return asked;
  };
  expect(await kindsOf({}, 1e6)).toEqual(['selected', 'selected', 'selected']);
  expect(await kindsOf({ renormalize: true }, 1e6)).toEqual(['step', 'step', 'step']);
  // All scores are the same.
  expect(await kindsOf({}, 1)).toEqual(Array.from({ length: 3 }, () => ['selected', 'scores']).flat());
});
