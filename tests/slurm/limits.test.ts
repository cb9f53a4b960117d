import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { slurmProject } from '../rig/slurm-project.ts';
import { hasMemoryGroups, hasSlurm, type SlurmCluster, startSlurm } from '../rig/slurm-cluster.ts';

describe.skipIf(!hasSlurm)('limits of a cluster', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm({ limitsMemory: hasMemoryGroups });
    Object.assign(process.env, cluster.environment);
  });
  afterEach(() => cluster.cancelAll());
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.skipIf(!hasMemoryGroups)(
    'a job that takes more memory than it requested is told so, with what to raise',
    async () => {
      const fill = 'const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1));';
      await using rig = await slurmProject(() => ({
        a: { cmd: ['node', '-e', fill], resources: { memory: '200MiB' } },
      }));
      const result = await rig.process('run').result;
      expect(result).toMatchObject({ code: 1, json: { failed: ['a'] } });
      expect(result.events.find(({ kind }) => kind === 'finished')).toMatchObject({
        outcome: { failure: { kind: 'out-of-memory', bytes: 200 * 2 ** 20 } },
      });
      expect(result.stderr).toContain(
        'out of memory with the 200 MiB that it requested: raise `resources.memory`',
      );
      expect(result.stderr).toContain('see `pipeline log a`');
    },
  );

  test('a job on a full disk says so in the space that was reserved for its result', async () => {
    await using rig = await slurmProject(() => ({
      a: { cmd: 'cat /dev/zero > ${outs.o}', outs: { o: 'o' } },
    }));
    const attempts = join(rig.root, 'cache/attempts');
    mkdirSync(attempts, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', attempts]);
    try {
      const result = await rig.process('run').result;
      expect(result).toMatchObject({ code: 1, json: { failed: ['a'] } });
      expect(result.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
      expect(result.events.find(({ kind }) => kind === 'finished')).toMatchObject({
        outcome: {
          failure: {
            kind: 'disk',
            message: expect.stringMatching(
              /nothing more could be written to .*: free space or raise the quota/,
            ),
          },
        },
      });
      expect((await rig.process('log', 'a').result).stdout).toContain('No space left on device');
    } finally {
      execFileSync('umount', ['--lazy', attempts]);
    }
  });

  test('names that Slurm would take for paths or patterns are no part of the paths of a job', async () => {
    const value = 'a/b %x %j;*';
    await using rig = await slurmProject(() => ({
      a: { matrix: { n: [value] }, cmd: 'echo says ${n}; echo ${n} > ${outs.o}', outs: { o: 'o' } },
    }));
    const result = await rig.process('run').result;
    expect(result.json['ran']).toHaveLength(1);
    expect((await rig.process('log', 'a').result).stdout).toContain(`says ${value}`);
  });

  test('a job that starts without its project folder computes nothing, and is started again', async () => {
    await using rig = await slurmProject(() => ({
      a: { cmd: 'pwd > ${outs.o}', outs: { o: 'o' }, resources: { cpus: 2 } },
      b: { cmd: 'echo > ${outs.o}', outs: { o: 'o' } },
    }));
    await rig.process('run', 'b').result;
    const blocker = await cluster.run(
      'sbatch',
      '--parsable',
      '--nodes=2',
      '--exclusive',
      '--output=/dev/null',
      '--wrap',
      'sleep 600',
    );
    await rig.process('run', '--detach', 'a').result;
    renameSync(rig.root, `${rig.root}.away`);
    try {
      await cluster.run('scancel', blocker.trim());
      await expect
        .poll(() => cluster.run('squeue', '--noheader', '--states=PD,R,CG'), { timeout: 30_000 })
        .toBe('');
    } finally {
      renameSync(`${rig.root}.away`, rig.root);
    }
    const result = await rig.process('run', 'a').result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['a'] } });
    expect(rig.read('artifacts/p/a/o')).toBe(`${rig.root}\n`);
  });
});
