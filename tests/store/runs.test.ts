import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import type { InstanceId, RunId } from '../../src/runner/identity.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import {
  beginAttempt,
  endAttempt,
  isRunning,
  outputsOf,
  pastOf,
  producersOf,
} from '../../src/runner/store/attempts.ts';
import { eventLog } from '../../src/runner/store/event-log.ts';
import { openStore, type Store } from '../../src/runner/store/database/open-store.ts';
import { insertRun, lastRuns, lastReportedRun } from '../../src/runner/store/runs.ts';

const instance = 'train' as InstanceId; // as a plan would name it
const key =
  parseKey(digestOf('a manifest')) ??
  (() => {
    throw new Error('no key');
  })();
let folder: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
  const opened = openStore(join(folder, 'pipeline.sqlite'));
  if (!opened.ok) throw new Error(opened.error.message);
  store = opened.value;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ['the clock was set back between them', '20300101-000000-0000', '20260101-000000-0000'],
  ['both began in one second', '20260101-000000-ffff', '20260101-000000-0000'],
])('the last run is the one that was started last: %s', (_, first, second) => {
  for (const [id, ended] of [
    [first, 'interrupted'],
    [second, 'failed'],
  ] as const) {
    const run = id as RunId; // as a run would name itself
    const attempt = {
      run,
      pipeline: 'pipeline',
      instance,
      attempt: 1,
      key,
      output: `cache/logs/${id}/1.txt`,
      executor: 'local',
      nonce: id,
    };
    insertRun(store, {
      run,
      pipeline: 'pipeline',
      file: 'pipeline.yaml',
      pid: 1,
      pidStarted: '',
      startedAt: Number(id.slice(0, 4)),
    });
    beginAttempt(store, attempt);
    eventLog(store, run).add({
      kind: 'started',
      at: 0,
      instance,
      key,
      because: [{ kind: 'no-result' }],
      attempt: 1,
      resumed: false,
    });
    expect(isRunning(store, 'pipeline', instance)).toBe(true);
    endAttempt(store, attempt, ended);
  }
  expect(lastRuns(store, 1).map(({ run }) => run)).toEqual([second]);
  expect(lastReportedRun(store, 'pipeline', instance)).toBe(second);
  expect(outputsOf(store, 'pipeline', instance, first)).toEqual([`cache/logs/${first}/1.txt`]);
  expect(pastOf(store, key)).toBe('failed');
});

test('an attempt that was only compared with a result is none of its producers', () => {
  for (const [id, ended] of [
    ['20260101-000000-0001', 'interrupted'],
    ['20260101-000000-0002', 'done'],
    ['20260101-000000-0003', 'verified'],
    ['20260101-000000-0004', 'done'],
  ] as const) {
    const run = id as RunId; // as a run would name itself
    const row = { run, pipeline: 'pipeline', file: 'pipeline.yaml', pid: 1, pidStarted: '', startedAt: 1 };
    insertRun(store, row);
    const attempt = { run, pipeline: 'pipeline', instance, attempt: 1, key };
    beginAttempt(store, { ...attempt, output: `${id}.txt`, executor: 'local', nonce: id });
    endAttempt(store, attempt, ended);
  }
  expect(producersOf(store, key).map(({ run }) => run.slice(-1))).toEqual(['1', '2', '4']);
});
