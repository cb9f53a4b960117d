import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Job } from '../../src/runner/executors/executor.ts';
import { mapAtMost } from '../../src/runner/executors/remote/map-at-most.ts';
import type { Queue } from '../../src/runner/executors/remote/queue.ts';
import { remoteExecutor } from '../../src/runner/executors/remote/remote-executor.ts';
import { jobsOfRun } from '../../src/runner/schedule/jobs.ts';
import { supervisorHere } from '../rig/supervisor-here.ts';

const jobIn = (root: string, nonce: string): Job => {
  const folder = join(root, nonce);
  mkdirSync(folder);
  return {
    nonce,
    name: nonce,
    program: { kind: 'command', words: ['true'] },
    root,
    folder,
    environment: {},
    output: join(folder, 'output.txt'),
    resources: { cpus: 1, gpus: 0, memory: 0 },
    gpus: [],
    timeoutSeconds: null,
    scratch: folder,
    stamps: new Map(),
  };
};

test('jobs that are submitted together are asked for together: one look at the queue', async () => {
  const root = mkdtempSync(join(tmpdir(), 'remote-'));
  const looks: number[] = [];
  const queue: Queue = {
    places: (jobs) => jobs.map(({ nonce }) => nonce),
    submit: async (jobs) => jobs.map(({ place }) => ({ kind: 'submitted', id: place })),
    async statuses(jobs) {
      looks.push(jobs.length);
      await setImmediate();
      return new Map(jobs.map(({ place, id }) => [place, { kind: 'pending', id }]));
    },
    cancel: async () => undefined,
  };
  const helper = join(root, 'helper.js');
  writeFileSync(helper, '');
  const helpers = { stageChild: helper, askChild: helper, supervisor: supervisorHere, jobWrapper: helper };
  const platform = { get: () => ({ os: 'linux', arch: 'x64', node: '20' }), set: () => undefined };
  const executor = remoteExecutor('queue', queue, {}, { root, helpers, platform });
  const run = jobsOfRun();
  try {
    const jobs = run.of(executor);
    const states = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const job = jobIn(root, `job${index}`);
        const handle = await jobs.submit(job);
        expect(existsSync(join(job.folder, 'job.json'))).toBe(true);
        return jobs.state({ handle, nonce: job.nonce, folder: job.folder });
      }),
    );
    expect(new Set(states)).toEqual(new Set(['pending']));
    expect(looks).toEqual([50]);
    // Several callers while the queue is being asked are one question too.
    const other = remoteExecutor('other', queue, {}, { root, helpers, platform });
    const [handle] = await other.submit([jobIn(root, 'other')]);
    if (handle === undefined) throw new Error('no handle');
    await Promise.all([other.poll([handle]), other.poll([handle]), other.poll([handle])]);
    expect(looks).toEqual([50, 1]);
  } finally {
    run.close();
    rmSync(root, { recursive: true });
  }
});

test('at most so many calls are in progress, and results keep the order of the items', async () => {
  let [now, most] = [0, 0];
  const results = await mapAtMost(3, [...Array(20).keys()], async (item) => {
    most = Math.max(most, (now += 1));
    for (let turns = item % 4; turns >= 0; turns--) await setImmediate();
    now -= 1;
    return item * 2;
  });
  expect(results).toEqual([...Array(20).keys()].map((item) => item * 2));
  expect(most).toBe(3);
});
