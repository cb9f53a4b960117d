import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draw, highest } from '../../src/ml/generate/draw.ts';
import {
  exponentialDecay,
  forcedAt,
  minNewTokens,
  noBadWords,
  noRepeatNgram,
  noSourceNgram,
  removeInvalidValues,
  renormalize,
  repetitionPenalty,
  sequenceBias,
  suppress,
  suppressAt,
  topK,
  topP,
  type LogitsProcessor,
} from '../../src/ml/generate/logits-processors.ts';

const allowed = (
  process: LogitsProcessor,
  tokens: readonly number[],
  scores: readonly number[] = [0, 0, 0, 0, 0],
): readonly number[] => {
  const after = Float64Array.from(scores);
  process(tokens, after);
  return Array.from(after.keys()).filter((token) => after[token] !== -Infinity);
};

describe('logits processors', () => {
  test('an n-gram cannot be repeated', () => {
    expect(allowed(noRepeatNgram(3), [0, 2, 3, 4, 2, 3])).toEqual([0, 1, 2, 3]);
    expect(allowed(noRepeatNgram(1), [0, 2])).toEqual([1, 3, 4]);
    expect(allowed(noRepeatNgram(4), [0, 2])).toEqual([0, 1, 2, 3, 4]);
  });

  test('a bad word is stopped at its last token, one longer than the sequence not at all', () => {
    expect(allowed(noBadWords([[3]], [1]), [0])).toEqual([0, 1, 2, 4]);
    expect(allowed(noBadWords([[2, 4]], [1]), [0, 2])).toEqual([0, 1, 2, 3]);
    expect(allowed(noBadWords([[2, 4]], [1]), [0, 3])).toEqual([0, 1, 2, 3, 4]);
    expect(allowed(noBadWords([[0, 2, 4]], [1]), [0, 2])).toEqual([0, 1, 2, 3, 4]);
    expect(allowed(noBadWords([[1]], [1]), [0])).toEqual([0, 1, 2, 3, 4]);
  });

  test('the end token is forbidden until enough tokens follow the start', () => {
    expect(allowed(minNewTokens(2, [1]), [0, 3])).toEqual([0, 2, 3, 4]);
    expect(allowed(minNewTokens(2, [1]), [0, 3, 3])).toEqual([0, 1, 2, 3, 4]);
    expect(allowed(minNewTokens(2, [1, 4]), [0, 3])).toEqual([0, 2, 3]);
  });

  test('an n-gram of the source cannot be completed, shorter than the sequence or not', () => {
    expect(allowed(noSourceNgram(2, [2, 3, 2, 4]), [0, 2])).toEqual([0, 1, 2]);
    expect(allowed(noSourceNgram(1, [2, 3]), [0])).toEqual([0, 1, 4]);
    expect(allowed(noSourceNgram(3, [0, 2, 3]), [2])).toEqual([0, 1, 2, 3, 4]);
  });

  test('the token at a position is forced, or tokens at a position are suppressed', () => {
    expect(allowed(forcedAt(1, [3]), [0])).toEqual([3]);
    expect(allowed(forcedAt(1, [3]), [0, 3])).toEqual([0, 1, 2, 3, 4]);
    expect(allowed(suppressAt(2, [3]), [0, 2])).toEqual([0, 1, 2, 4]);
    expect(allowed(suppressAt(2, [3]), [0])).toEqual([0, 1, 2, 3, 4]);
    expect(allowed(suppress([3, 99]), [0])).toEqual([0, 1, 2, 4]);
  });

  test('biases of completed sequences add up; one longer than the text has no effect', () => {
    const biased = (tokens: readonly number[], ...biases: (readonly [readonly number[], number])[]) => {
      const scores = new Float64Array(5);
      sequenceBias(biases.map(([sequence, bias]) => ({ tokens: sequence, bias })))(tokens, scores);
      return Array.from(scores);
    };
    expect(biased([0, 2], [[3], 1], [[2, 3], 2], [[2, 4], -1], [[0, 2, 3], 8])).toEqual([0, 0, 0, 3, -1]);
    expect(biased([0], [[3], 1], [[3], 4])).toEqual([0, 0, 0, 4, 0]);
  });

  test('the end token becomes likelier after the start of the decay; a forbidden one stays forbidden', () => {
    const scores = Float64Array.from([-1, -2, 3]);
    exponentialDecay({ start: 1, factor: 2 }, [1])([0, 5, 5], scores);
    expect(Array.from(scores)).toEqual([-1, 0, 3]);
    exponentialDecay({ start: 1, factor: 2 }, [1])([0, 5], scores);
    expect(Array.from(scores)).toEqual([-1, 0, 3]);
    expect(allowed(exponentialDecay({ start: 0, factor: 2 }, [1]), [0, 2, 2], [0, -Infinity])).toEqual([0]);
  });

  test('no score is NaN; scores become log probabilities', () => {
    const scores = Float32Array.from([Number.NaN, Infinity, -Infinity, 2]);
    removeInvalidValues([], scores);
    expect(Array.from(scores)).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38, 2]);
    const logits = Float64Array.from([1, 3, -Infinity]);
    renormalize([], logits);
    expect(Array.from(logits, Math.exp).reduce((sum, each) => sum + each)).toBeCloseTo(1, 12);
    expect((logits[1] ?? 0) - (logits[0] ?? 0)).toBeCloseTo(2, 12);
  });

  test('the penalty lowers a score of either sign, once however often the token occurs', () => {
    const scores = Float64Array.from([1, -1, 3]);
    repetitionPenalty(2)([0, 0, 1], scores);
    expect(Array.from(scores)).toEqual([0.5, -2, 3]);
  });

  test('top-k keeps ties with its last, top-p the token that crosses the threshold', () => {
    expect(allowed(topK(2), [], [3, 1, 2, 2, 0])).toEqual([0, 2, 3]);
    expect(allowed(topP(0.6), [], [0.5, 0.3, 0.15, 0.05].map(Math.log))).toEqual([0, 1]);
    expect(allowed(topP(1e-9), [], [0.1, 0.7, 0.2].map(Math.log))).toEqual([1]);
  });
});

describe('sampling a token', () => {
  test('never gives a forbidden one, and is deterministic by seed, row and step', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(1000),
        fc.nat(1000),
        fc.array(fc.oneof(fc.constant(-Infinity), fc.double({ min: -20, max: 20, noNaN: true })), {
          minLength: 1,
          maxLength: 20,
        }),
        (seed, row, step, values) => {
          fc.pre(values.some(Number.isFinite));
          const token = draw(Float64Array.from(values), seed, row, step);
          expect(values[token]).not.toBe(-Infinity);
          expect(draw(Float64Array.from(values), seed, row, step)).toBe(token);
        },
      ),
    );
  });

  test('follows the probabilities over many rows and steps', () => {
    const probabilities = [0.5, 0.3, 0.15, 0.05];
    const scores = Float64Array.from(probabilities, Math.log);
    const counts = [0, 0, 0, 0];
    for (let row = 0; row < 200; row += 1)
      for (let step = 0; step < 100; step += 1) {
        const token = draw(scores, 7, row, step);
        counts[token] = (counts[token] ?? 0) + 1;
      }
    // Four standard deviations of a count of 20,000 draws are below 0.015.
    counts.forEach((count, token) =>
      expect(Math.abs(count / 20_000 - (probabilities[token] ?? 0))).toBeLessThan(0.015),
    );
  });

  test('the best of equals is the lower id', () => {
    expect(highest(Float32Array.from([1, 3, 3]))).toBe(1);
  });
});
