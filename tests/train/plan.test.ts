import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOrder, bestOf, shouldStopEarly, planOf } from '../../src/ml/train/plan.ts';
import { copyExamples, plainConfig } from './tiny-training.ts';

describe('the plan of a training', () => {
  test.each([
    [{ epochs: 1 }, 30, 4, 1, 8],
    [{ epochs: 1 }, 30, 4, 3, 3],
    [{ epochs: 2.5 }, 30, 4, 1, 20],
    [{ epochs: 0 }, 30, 4, 1, 0],
    [{ steps: 7 }, 30, 4, 1, 7],
    [{ epochs: 3 }, 1, 4, 2, 3],
  ] as const)(
    '%o over %i rows, batches of %i, %i batches a step: %i steps',
    (length, rows, batch, accumulation, total) => {
      expect(planOf({ ...plainConfig, length, batch, accumulation }, rows).total).toBe(total);
    },
  );

  test('a warm-up ratio is rounded up', () => {
    expect(planOf({ ...plainConfig, length: { steps: 21 }, warmup: { ratio: 0.1 } }, 30).warmup).toBe(3);
    expect(planOf({ ...plainConfig, length: { steps: 21 }, warmup: { steps: 5 } }, 30).warmup).toBe(5);
  });

  test('the steps of every epoch use every row once, in different orders, from any first step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.integer(),
        (batch, accumulation, groupByLength, seed) => {
          const config = { ...plainConfig, batch, accumulation, groupByLength, seed };
          const plan = planOf(config, copyExamples.length);
          const forwards = batchOrder(copyExamples, config, plan);
          const backwards = batchOrder(copyExamples, config, plan);
          const steps = Array.from({ length: 2 * plan.stepsPerEpoch }, (_, step) => forwards(step));
          expect(
            steps
              .toReversed()
              .map((_, index) => backwards(steps.length - 1 - index))
              .toReversed(),
          ).toEqual(steps);
          for (const epoch of [steps.slice(0, plan.stepsPerEpoch), steps.slice(plan.stepsPerEpoch)]) {
            expect(epoch.flat(2).toSorted((a, b) => a - b)).toEqual(copyExamples.map((_, row) => row));
            expect(
              epoch.every(
                (step) =>
                  step.length >= 1 &&
                  step.length <= accumulation &&
                  step.every((rows) => rows.length >= 1 && rows.length <= batch),
              ),
            ).toBe(true);
          }
        },
      ),
    );
  });
});

describe('early stopping', () => {
  test.each([
    ['not while losses fall', [3, 2, 1], 1, 0, false],
    ['after as many evaluations as the patience', [1, 2], 1, 0, true],
    ['not before', [1, 2, 3], 3, 0, false],
    ['a fall by no more than the threshold counts as none', [1, 0.95, 0.91], 2, 0.1, true],
    ['a fall starts the count anew', [1, 2, 0.5, 2], 2, 0, false],
    ['a loss that is not a number is no fall', [1, Number.NaN, Number.NaN], 2, 0, true],
  ] as const)('%s', (_, losses, patience, threshold, stops) => {
    expect(shouldStopEarly(evaluations(...losses), { patience, threshold }, 'evaluationLoss')).toBe(stops);
  });

  test('never stops without settings', () =>
    expect(shouldStopEarly(evaluations(1, 2, 3, 4, 5), null, 'evaluationLoss')).toBe(false));

  test('the best evaluation is the first of the lowest', () => {
    expect(bestOf(evaluations(3, 1, 2, 1), 'evaluationLoss')?.step).toBe(1);
    expect(bestOf([], 'evaluationLoss')).toBeUndefined();
  });

  test('uses the selection loss on request', () => {
    expect(bestOf(evaluations(3, 1, 2), 'selectionLoss')?.step).toBe(0);
    expect(shouldStopEarly(evaluations(1, 2, 3), { patience: 1, threshold: 0 }, 'selectionLoss')).toBe(false);
    expect(shouldStopEarly(evaluations(3, 2), { patience: 1, threshold: 0 }, 'selectionLoss')).toBe(true);
  });

  test('an evaluation with a NaN loss is never the best, nor does it hide one', () => {
    expect(bestOf(evaluations(Number.NaN, 3, Number.NaN, 2, Number.NaN), 'evaluationLoss')?.step).toBe(3);
    expect(bestOf(evaluations(Number.NaN, Infinity), 'evaluationLoss')).toBeUndefined();
    expect(
      shouldStopEarly(
        evaluations(Number.NaN, 3, Number.NaN, 2, 1),
        { patience: 2, threshold: 0 },
        'evaluationLoss',
      ),
    ).toBe(false);
  });
});

const evaluations = (...losses: readonly number[]) =>
  losses.map((evaluationLoss, step) => ({ step, epoch: 0, evaluationLoss, selectionLoss: -evaluationLoss }));
