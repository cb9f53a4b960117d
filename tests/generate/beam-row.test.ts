import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advanceRow, startRow, type BeamRow } from '../../src/ml/generate/beam-row.ts';

const end = 1;
const options = {
  kind: 'beam',
  beams: 2,
  earlyStopping: true,
  lengthPenalty: 1,
  returned: 1,
  maxLength: 6,
  endTokenIds: [end],
} as const;

/** Log-probabilities of a vocabulary of four. */
const ofAll = (values: Float32Array) => ({ scores: values, tokens: undefined });
const scores = (...values: readonly number[]) => ofAll(Float32Array.from(values, Math.log));

describe('a beam search row', () => {
  test('continues the best candidates of all beams and gives the cache that each continues', () => {
    const first = advanceRow(startRow(0), [scores(0.1, 0.1, 0.5, 0.3)], options);
    expect(first.running.map(({ tokens, parent }) => [tokens, parent])).toEqual([
      [[0, 2], 0],
      [[0, 3], 0],
    ]);
    const second = advanceRow(
      first,
      [scores(0.05, 0.05, 0.45, 0.45), scores(0.01, 0.01, 0.01, 0.97)],
      options,
    );
    expect(second.running.map(({ tokens, parent }) => [tokens, parent])).toEqual([
      [[0, 3, 3], 1],
      [[0, 2, 2], 0],
    ]);
  });

  test('breaks ties by the earlier beam, then the lower token, also where float32 makes sums equal', () => {
    const long: BeamRow = {
      running: [
        { tokens: [0, 2], score: -226, parent: 0 },
        { tokens: [0, 3], score: -226, parent: 1 },
      ],
      finished: [],
      done: false,
    };
    const close = ofAll(Float32Array.of(-9, -9, -6.600001, -6.6));
    const { running } = advanceRow(long, [close, close], { ...options, beams: 3 });
    expect(running.map(({ tokens }) => tokens)).toEqual([
      [0, 2, 2],
      [0, 2, 3],
      [0, 3, 2],
    ]);
  });

  test('drops a sequence that ends outside the best beams, and keeps enough running ones', () => {
    const row = advanceRow(startRow(0), [scores(0.2, 0.1, 0.4, 0.3)], options);
    expect(row.finished).toEqual([]);
    expect(row.running).toHaveLength(2);
  });

  test('with early stopping ends when as many sequences have ended as there are beams', () => {
    const ending = scores(0.05, 0.8, 0.1, 0.05);
    const first = advanceRow(startRow(0), [ending], options);
    expect(first).toMatchObject({ done: false, finished: [{ tokens: [0, 1] }] });
    expect(advanceRow(first, [ending, ending], options)).toMatchObject({ done: true });
  });

  test('without it, continues while a running sequence may still win', () => {
    const patient = { ...options, earlyStopping: 'never', lengthPenalty: 2 } as const;
    const ending = scores(0.05, 0.8, 0.1, 0.05);
    const second = [0, 1].reduce(
      (row: BeamRow) =>
        advanceRow(
          row,
          row.running.map(() => ending),
          patient,
        ),
      startRow(0),
    );
    expect(second).toMatchObject({ done: false });
    expect(second.finished).toHaveLength(2);
  });

  test('with several end tokens ends at any of them, and keeps as many beams running', () => {
    const row = advanceRow(startRow(0), [scores(0.04, 0.5, 0.3, 0.1, 0.06)], {
      ...options,
      endTokenIds: [1, 2],
    });
    expect(row.finished.map(({ tokens }) => tokens)).toEqual([
      [0, 1],
      [0, 2],
    ]);
    const patient = advanceRow(startRow(0), [scores(0.04, 0.5, 0.3, 0.1, 0.06)], {
      ...options,
      endTokenIds: [1, 2, 3],
      beams: 1,
    });
    expect(patient).toMatchObject({ finished: [{ tokens: [0, 1] }], running: [{ tokens: [0, 4] }] });
  });

  test('every search ends at the maximum length, with sorted results, none longer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }), {
          minLength: 12,
          maxLength: 12,
        }),
        (table) => {
          let row = startRow(0);
          for (let step = 0; !row.done; step += 1)
            row = advanceRow(
              row,
              row.running.map((_, beam) => scores(...(table[(step * 2 + beam) % table.length] ?? []))),
              options,
            );
          expect(row.finished.length).toBeGreaterThan(0);
          for (const { tokens } of row.finished) expect(tokens.length).toBeLessThanOrEqual(options.maxLength);
          expect(row.finished.map(({ score }) => score)).toEqual(
            row.finished.map(({ score }) => score).sort((a, b) => b - a),
          );
        },
      ),
    );
  });
});
