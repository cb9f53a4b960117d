import { expect, test } from 'vitest';
import type { Event } from '../../src/runner/event.ts';
import type { InstanceId, Key } from '../../src/runner/identity.ts';
import { logParts } from '../../src/runner/report/log-text.ts';
import type { StageMessage } from '../../src/stage/message.ts';

const instance = 'train[aimc,lora]' as InstanceId;
const key = 'k' as Key;
const started = (attempt: number, resumed = false): Event => ({
  kind: 'started',
  at: 1,
  instance,
  key,
  because: [
    { kind: 'interrupted-before' },
    { kind: 'changed', field: ['params', 'seed'], before: 1, after: 2 },
  ],
  attempt,
  resumed,
});
const said = (message: StageMessage): Event => ({ kind: 'message', at: 2, instance, message });
const failed = (text: string): Event => ({
  kind: 'finished',
  at: 4,
  instance,
  key,
  outcome: { kind: 'failed', failure: { kind: 'reported', text }, seconds: 3, tail: ['a line'] },
});

const shown = (events: readonly Event[], files: readonly string[] = []): readonly string[] =>
  logParts({ run: 'r', instance, events, files }, (at) => `0:0${at}`).flatMap((part) =>
    part.kind === 'lines' ? part.lines : [`<${part.file}>`],
  );

test('a log shows why an attempt was started, its messages and output, and how it ended', () => {
  expect(
    shown(
      [
        started(1, true),
        said({ kind: 'device', runtime: 'onnxruntime 1.30', device: 'cpu' }),
        said({ kind: 'truncated', what: 'questions', count: 3, of: 10, limit: 48 }),
        said({ kind: 'truncated', what: 'answers', count: 0, of: 10, limit: 48 }),
        said({ kind: 'progress', done: 4, total: 10, unit: 'step' }),
        said({ kind: 'progress', done: 5, total: 10, unit: 'step', note: 'warm' }),
        said({ kind: 'metric', step: 5, values: { loss: 0.123456789, learningRate: 1e-5 } }),
        said({ kind: 'checkpoint', step: 5 }),
        said({ kind: 'log', text: 'two\nlines' }),
        said({ kind: 'warning', text: 'a row is empty' }),
        {
          kind: 'warned',
          at: 3,
          instance,
          diagnostic: {
            severity: 'warning',
            code: 'dep-changed',
            message: 'rows were changed',
            help: 'run again',
          },
        },
        said({ kind: 'failure', text: 'no rows' }),
        failed('no rows'),
      ],
      ['cache/logs/r/1.txt'],
    ),
  ).toEqual([
    'train[aimc,lora] in run r',
    '0:01  attempt 1, resumed where it was interrupted',
    '      because: the last attempt was interrupted',
    '      because: params.seed 1 → 2',
    '0:02  computes with onnxruntime 1.30 on cpu',
    '0:02  warning: 3 of 10 questions cut to 48 tokens',
    '0:02  5/10 step  warm',
    '0:02  step 5: loss 0.123457, learningRate 0.00001',
    '0:02  checkpoint at step 5',
    '0:02  two',
    '      lines',
    '0:02  warning: a row is empty',
    '0:03  warning: rows were changed [dep-changed]',
    '        help: run again',
    '<cache/logs/r/1.txt>',
    '0:04  failed after 3.0 s: no rows',
  ]);
});

test('of a stage that still runs, or was killed with its runner, everything so far is shown', () => {
  expect(shown([started(1), said({ kind: 'failure', text: 'no rows' })], ['1.txt']).slice(4)).toEqual([
    '0:02  no rows',
    '<1.txt>',
  ]);
});

test('each attempt has its own output; a retry within the run has its numbered file', () => {
  const retrying: Event = {
    kind: 'retrying',
    at: 3,
    instance,
    attempt: 2,
    failure: { kind: 'signal', signal: 'SIGSEGV' },
    delaySeconds: 1,
  };
  expect(
    shown([started(1), retrying, started(2), failed('x')], ['1.txt', '2.txt']).filter(
      (line) => !line.includes('because'),
    ),
  ).toEqual([
    'train[aimc,lora] in run r',
    '0:01  attempt 1',
    '<1.txt>',
    '0:03  killed by SIGSEGV; attempt 2 in 1.0 s',
    '0:01  attempt 2',
    '<2.txt>',
    '0:04  failed after 3.0 s: x',
  ]);
  expect(
    shown(
      [started(1), { kind: 'cancelled', at: 2, instance, because: 'rows changed' }, started(1), failed('x')],
      ['2.txt'],
    ).filter((line) => line.startsWith('<') || line.includes('stopped')),
  ).toEqual(['0:02  stopped: rows changed', '<2.txt>']);
});

test('an attempt that could not be started shows why', () => {
  expect(
    shown([
      {
        kind: 'finished',
        at: 1,
        instance,
        key: null,
        outcome: { kind: 'failed', failure: { kind: 'disk', message: 'o is missing' }, seconds: 0, tail: [] },
      },
    ]),
  ).toEqual(['train[aimc,lora] in run r', '0:01  failed after 0.0 s: o is missing']);
});
