import { describe, expect, test } from 'vitest';
import type { JobResult } from '../../src/runner/executors/executor.ts';
import { endingOf, type SeenOfJob } from '../../src/runner/schedule/attempt/job-ending.ts';

type Limits = Parameters<typeof endingOf>[1];
const limits: Limits = { timeout: 60, resources: { cpus: 1, gpus: 0, memory: 1024, time: 7200 } };
const nothingDeclared: Limits = { timeout: null, resources: { cpus: 1, gpus: 0, memory: 0 } };

const judge = (result: JobResult | undefined, seen: Partial<SeenOfJob> = {}, of = limits) =>
  endingOf(result, of, { isStopped: false, isTimedOut: false, reported: undefined, ...seen });
const exited = (code: number, stopped = false): JobResult => ({ kind: 'exit', code, stopped });

describe('how a job ended', () => {
  test('exit code 0 counts, unless the job ended because it was asked to stop', () => {
    expect(judge(exited(0))).toEqual({ kind: 'exited' });
    expect(judge(exited(0), { isStopped: true })).toEqual({ kind: 'exited' });
    expect(judge(exited(0, true), { isStopped: true })).toEqual({ kind: 'interrupted' });
  });

  test('a timeout counts only for a job that it ended', () => {
    expect(judge(exited(1, true), { isTimedOut: true })).toEqual({
      kind: 'failed',
      failure: { kind: 'timeout', seconds: 60 },
    });
    expect(judge(exited(0), { isTimedOut: true })).toEqual({ kind: 'exited' });
  });

  test('a failure that the program reported replaces its exit code, not what its queue did', () => {
    const reported = 'no rows';
    expect(judge(exited(1), { reported })).toEqual({
      kind: 'failed',
      failure: { kind: 'reported', text: reported },
    });
    expect(judge({ kind: 'lost', message: 'its node failed' }, { reported })).toEqual({
      kind: 'failed',
      failure: { kind: 'lost', message: 'its node failed' },
    });
  });

  test('a job without a result was interrupted if it was asked to stop, and is lost otherwise', () => {
    expect(judge(undefined, { isStopped: true })).toEqual({ kind: 'interrupted' });
    expect(judge(undefined)).toEqual({ kind: 'failed', failure: { kind: 'lost' } });
  });

  test('failures name the limits that were requested', () => {
    expect(judge({ kind: 'out-of-memory' })).toMatchObject({ failure: { bytes: 1024 } });
    expect(judge({ kind: 'time-limit', hasCheckpoint: false })).toMatchObject({ failure: { seconds: 7200 } });
    expect(judge({ kind: 'out-of-memory' }, {}, nothingDeclared)).toEqual({
      kind: 'failed',
      failure: { kind: 'out-of-memory' },
    });
  });

  test('at its time limit a job with a checkpoint resumes', () => {
    expect(judge({ kind: 'time-limit', hasCheckpoint: true })).toEqual({ kind: 'resumable' });
  });
});
