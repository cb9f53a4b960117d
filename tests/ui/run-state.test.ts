import { describe, expect, test } from 'vitest';
import type { LiveEvent, RunAnswer } from '../../src/ui/api.ts';
import { afterEvent, countsByState } from '../../src/ui/page/run-state.ts';
import type { InstanceId, Key } from '../../src/runner/identity.ts';
import { countOutcomes } from '../../src/runner/report/count-outcomes.ts';

const [a, b] = ['a' as InstanceId, 'b' as InstanceId];

const run: RunAnswer = {
  run: 'R',
  pipeline: 'p',
  file: 'pipeline.yaml',
  startedAt: 0,
  finishedAt: undefined,
  exitCode: undefined,
  state: 'running',
  counts: countOutcomes([]),
  instances: [a, b].map((instance) => ({ instance, state: 'waiting', attempts: 0, because: [] })),
  warnings: [],
  startedFrom: undefined,
  next: 1,
};

const after = (events: readonly Omit<LiveEvent, 'run'>[], id = 'R'): RunAnswer =>
  events.reduce((state, event) => afterEvent(state, { run: id, ...event }), run);

const message = (sequence: number, done: number): Omit<LiveEvent, 'run'> => ({
  sequence,
  event: { kind: 'message', at: 2, instance: a, message: { kind: 'progress', done, total: 9, unit: 'step' } },
});

describe('a run built from its events', () => {
  test('the last usage of a GPU is that of its instance', () => {
    const usage = (usedBytes: number) => ({ usedBytes, totalBytes: 9, busyPercent: undefined });
    const event = (sequence: number, usedBytes: number) =>
      ({ sequence, event: { kind: 'gpu-usage', at: 1, instance: a, usage: usage(usedBytes) } }) as const;
    const [of, other] = after([event(1, 3), event(2, 4)]).instances;
    expect([of?.gpu, other?.gpu]).toEqual([usage(4), undefined]);
  });

  test('waiting instances run with reasons and progress, then have their outcome', () => {
    const started = {
      kind: 'started',
      at: 1,
      instance: a,
      key: 'k' as Key,
      because: [],
      attempt: 1,
      resumed: false,
    } as const;
    const state = after([{ sequence: 1, event: started, text: ['no result yet'] }, message(2, 3)]);
    expect(state.instances[0]).toMatchObject({
      state: 'running',
      because: ['no result yet'],
      startedAt: 1,
      progress: { done: 3, total: 9, unit: 'step' },
    });
    const finished = {
      kind: 'finished',
      at: 5,
      instance: a,
      key: null,
      outcome: { kind: 'skipped' },
    } as const;
    const end = afterEvent(state, { run: 'R', sequence: 3, event: finished, text: ['skipped'] });
    expect(countsByState(end.instances)).toEqual([
      ['skipped', 1],
      ['waiting', 1],
    ]);
  });

  test('an event that is repeated, or of another run, changes nothing', () => {
    const state = after([message(1, 4), message(1, 2), message(0, 1)]);
    expect(state.instances[0]?.progress?.done).toBe(4);
    expect(after([message(1, 4)], 'other')).toEqual(run);
  });
});
