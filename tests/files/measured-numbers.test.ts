import { describe, expect, test } from 'vitest';
import { measuredNumbers } from '../../src/files/measured-numbers.ts';

const numbersOf = (file: Parameters<typeof measuredNumbers>[0]) =>
  Object.fromEntries(measuredNumbers(file).map(({ path, ...rest }) => [path.join('.'), rest]));

describe('the numbers of a metrics file', () => {
  test('are those of its maps; lists and texts are ignored', () => {
    expect(numbersOf({ loss: 0.5, scores: { f1: 1 }, list: [1, 2], name: 'x' })).toEqual({
      loss: { value: 0.5 },
      'scores.f1': { value: 1 },
    });
  });

  test('have the bounds of the nearest enclosing map of intervals', () => {
    expect(
      numbersOf({
        scores: { f1: 0.5 },
        intervals: { scores: { f1: [0.4, 0.6] } },
        part: { scores: { f1: 0.3, em: 0 }, intervals: { scores: { f1: [0.2, 0.4] } } },
      }),
    ).toEqual({
      'scores.f1': { value: 0.5, interval: [0.4, 0.6] },
      'part.scores.f1': { value: 0.3, interval: [0.2, 0.4] },
      'part.scores.em': { value: 0 },
    });
  });

  test('have the nearest enclosing count of rows', () => {
    const found = numbersOf({
      num_samples: 40,
      scores: { f1: 0.5 },
      drug: { mean: 0.5, rows: 8 },
      part: { n: 3, scores: { f1: 1 } },
    });
    expect(found['scores.f1']).toEqual({ value: 0.5, rows: 40 });
    expect(found['drug.mean']).toEqual({ value: 0.5, rows: 8 });
    expect(found['part.scores.f1']).toEqual({ value: 1, rows: 3 });
    expect(found['num_samples']).toEqual({ value: 40 });
  });

  test('have the bounds beside a mean', () => {
    expect(numbersOf({ drug: { mean: 0.5, low: 0.1, high: 0.9 } })['drug.mean']).toEqual({
      value: 0.5,
      interval: [0.1, 0.9],
    });
  });

  test('have bounds that are a range where the file states it, in either notation', () => {
    const few = numbersOf({
      scores: { f1: 0.5 },
      intervals: { scores: { f1: [0, 1] } },
      interval_methods: { scores: { f1: 'range' } },
      drug: { mean: 0.5, low: 0, high: 1, method: 'range' },
      dose: { mean: 0.5, low: 0, high: 1, method: 'bootstrap-t' },
    });
    expect(few['scores.f1']?.isRange).toBe(true);
    expect(few['drug.mean']?.isRange).toBe(true);
    expect(few['dose.mean']).not.toHaveProperty('isRange');
  });
});
