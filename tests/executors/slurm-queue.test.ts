import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/runner/executors/executor.ts';
import { parseQueue, sightsIn } from '../../src/runner/executors/slurm/parse-queue.ts';
import { batchScript, sbatchWords } from '../../src/runner/executors/slurm/sbatch.ts';
import { placesOf } from '../../src/runner/executors/slurm/slurm-queue.ts';
import { stuckText } from '../../src/runner/executors/slurm/stuck-text.ts';

/** Lines of squeue of Slurm 22.05.8 as they were seen on a test cluster, one for each way to end. */
const golden = readFileSync(join(import.meta.dirname, '../golden/squeue.txt'), 'utf8');

describe('parsing the output of squeue', () => {
  const statuses = sightsIn(parseQueue(golden));

  test.each<[string, object | undefined]>([
    ['5f0c/0', { kind: 'running', id: '1_0', node: 'n1' }],
    ['5f0c/1', { kind: 'ended', id: '1_1', how: { kind: 'lost' } }],
    ['5f0c/2', { kind: 'pending', id: '1_2' }],
    ['aa31', { kind: 'ended', how: { kind: 'cancelled' } }],
    [
      'aa41',
      { kind: 'ended', how: { kind: 'lost', message: 'job 41 left no result (FAILED, NonZeroExitCode)' } },
    ],
    ['aa42', { kind: 'ended', how: { kind: 'lost' } }],
    ['aa43', { kind: 'ended', how: { kind: 'time-limit' } }],
    ['aa44', { kind: 'ended', how: { kind: 'out-of-memory' } }],
    [
      'aa45',
      { kind: 'ended', how: { kind: 'lost', message: 'its node n2 failed (job 45: NODE_FAIL, NodeDown)' } },
    ],
    ['aa46', { kind: 'running' }],
    ['aa47', { kind: 'ended', how: { kind: 'lost' } }],
    ['aa68', { kind: 'pending', id: '68' }],
    ['aa92', { kind: 'ended', id: '92' }],
    ['aa99', undefined],
  ])('gives the state of the job at %s', (place, status) => {
    if (status === undefined) expect(statuses.has(place)).toBe(false);
    else expect(statuses.get(place)).toMatchObject(status);
  });

  test.each(['aa64', 'aa65', 'aa66', 'aa67'])('reports that the job at %s will never start', (place) => {
    expect(statuses.get(place)).toMatchObject({
      kind: 'pending',
      stuck: expect.stringContaining('will not start'),
    });
  });

  test.each(['5f0c/2', 'aa68'])('does not report that of the job at %s, which only waits', (place) => {
    expect(statuses.get(place)).not.toHaveProperty('stuck');
  });

  test('of a job that was submitted twice, the running copy counts', () => {
    expect(statuses.get('aa70')).toEqual({ kind: 'running', id: '69', node: 'n1' });
  });

  test('ignores jobs of others, whatever their comment is', () => {
    expect([...statuses.keys()].filter((place) => !/^[0-9a-f]{4}(\/\d)?$/.test(place))).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (comment) => {
        const rows = parseQueue(`7|7|7|N/A|RUNNING|None|n1|1|1|${comment}\n`);
        expect([...sightsIn(rows).keys()].every((place) => comment.startsWith(`pipeline:${place}`))).toBe(
          true,
        );
      }),
    );
  });

  test('an unknown reason is not a warning', () => {
    for (const reason of ['Resources', 'Priority', 'JobArrayTaskLimit', 'BeginTime', 'Dependency'])
      expect(stuckText('1', reason)).toBeUndefined();
  });
});

const job = (nonce: string, more: Partial<Job> = {}): Job => ({
  nonce,
  name: 'train[aimc,a/b c]',
  program: { kind: 'command', words: ['true'] },
  root: "/home/o'neil/100%",
  folder: `/home/o'neil/100%/cache/attempts/${nonce}`,
  environment: {},
  output: '/out',
  resources: { cpus: 4, gpus: 0, memory: 0 },
  gpus: [],
  timeoutSeconds: null,
  scratch: '/scratch',
  stamps: new Map(),
  ...more,
});
const queued = (one: Job, place = one.nonce) => ({
  job: one,
  place,
  wrapper: ['/w.mjs', one.folder, one.nonce],
});

describe('the arguments of sbatch', () => {
  test('all on the command line, with a path that is not rewritten and without the name of the stage', () => {
    const words = sbatchWords(
      [queued(job('n1', { resources: { cpus: 4, gpus: 2, memory: 1e9, time: 90 } }))],
      {
        kind: 'slurm',
        partition: 'gpu',
        account: 'lab',
        constraint: 'a100',
        extra: ['--qos=low'],
      },
    );
    expect(words).toEqual([
      '--parsable',
      '--no-requeue',
      '--job-name=train-aimc-a-b-c.n1',
      '--dependency=singleton',
      '--comment=pipeline:n1',
      "--chdir=/home/o'neil/100%",
      "--output=/home/o'neil/100%%/cache/attempts/n1/n1.queue.txt",
      '--open-mode=append',
      '--nodes=1',
      '--ntasks=1',
      '--cpus-per-task=4',
      '--mem=954M',
      '--gpus-per-node=2',
      '--time=2',
      '--signal=B:USR1@10',
      '--partition=gpu',
      '--account=lab',
      '--constraint=a100',
      '--qos=low',
    ]);
  });

  test('a limit of the settings where the stage has none, and more time to end where there is more', () => {
    const words = sbatchWords([queued(job('n1'))], { kind: 'slurm', time: 7200 });
    expect(words).toContain('--time=120');
    expect(words).toContain('--signal=B:USR1@60');
  });

  test('the script of an array starts the wrapper of each index', () => {
    const script = batchScript(
      [queued(job('n1'), 'n1/0'), queued(job('n2'), 'n1/1')],
      { kind: 'slurm' },
      '/node',
    );
    expect(script).toContain("0) exec \"$node\" '/w.mjs' '/home/o'\\''neil/100%/cache/attempts/n1' 'n1'");
    expect(script).toContain("1) exec \"$node\" '/w.mjs' '/home/o'\\''neil/100%/cache/attempts/n2' 'n2'");
    expect(script.startsWith('#!/bin/sh\n')).toBe(true);
  });

  test('setup lines run in a login shell, and Node is then the first of PATH', () => {
    const script = batchScript(
      [queued(job('n1'))],
      { kind: 'slurm', setup: ['module load node'] },
      '/own/node',
    );
    expect(script.startsWith('#!/bin/bash -l\nmodule load node\n')).toBe(true);
    expect(script).not.toContain('/own/node');
    expect(batchScript([queued(job('n1'))], { kind: 'slurm', node: '/opt/node' }, '/own/node')).toContain(
      '/opt/node',
    );
  });
});

describe('the places of jobs', () => {
  test('jobs with equal resources form arrays up to the limit, others are submitted alone', () => {
    const large = { resources: { cpus: 8, gpus: 0, memory: 0 } };
    const jobs = [job('a'), job('b'), job('c'), job('d', large), job('e'), job('f')];
    expect(placesOf(jobs, 2)).toEqual(['a/0', 'a/1', 'c', 'd', 'e/0', 'e/1']);
    expect(placesOf(jobs, 1)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('no two jobs share a place, and arrays have no gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 })), fc.integer({ min: 1, max: 5 }), (cpus, most) => {
        const jobs = cpus.map((count, index) =>
          job(`n${index}`, { resources: { cpus: count, gpus: 0, memory: 0 } }),
        );
        const places = placesOf(jobs, most);
        expect(new Set(places).size).toBe(jobs.length);
        const sizes = new Map<string, number>();
        for (const place of places) {
          const [base = '', index] = place.split('/');
          const size = sizes.get(base) ?? 0;
          if (index !== undefined) expect(Number(index)).toBe(size);
          sizes.set(base, size + 1);
        }
        expect(Math.max(0, ...sizes.values())).toBeLessThanOrEqual(most);
      }),
    );
  });
});
