import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Schedule, scheduleFactor } from '../../src/ml/train/schedule.ts';

interface Golden {
  readonly schedules: readonly {
    readonly schedule: Schedule;
    readonly warmup: number;
    readonly total: number;
    readonly learningRate: number;
    readonly factors: readonly number[];
  }[];
  readonly plateau: readonly {
    readonly schedule: Schedule;
    readonly learningRate: number;
    readonly losses: readonly number[];
    readonly factors: readonly number[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/schedules.json'), 'utf8'),
);

describe('learning rate factors equal those of transformers', () => {
  test.each(
    golden.schedules.map(
      ({ schedule, ...rest }) => [JSON.stringify(schedule), rest.warmup, { schedule, ...rest }] as const,
    ),
  )('%s, %i steps of warm-up', (_, __, { schedule, factors, ...span }) => {
    factors.forEach((expected, step) =>
      expect(scheduleFactor(schedule, step, span), `step ${step}`).toBeCloseTo(expected, 13),
    );
  });

  test.each(
    golden.plateau.map(({ schedule, ...rest }) => [JSON.stringify(schedule), { schedule, ...rest }] as const),
  )('%s, replayed from the losses', (_, { schedule, learningRate, losses, factors }) => {
    const span = { warmup: 0, total: 100, learningRate };
    factors.forEach((expected, index) =>
      expect(
        scheduleFactor(schedule, 50, span, losses.slice(0, index + 1)),
        `after ${index + 1}`,
      ).toBeCloseTo(expected, 13),
    );
    expect(scheduleFactor(schedule, 0, span, [])).toBe(1);
  });
});
