import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { slurmProject } from '../rig/slurm-project.ts';
import { hasSlurm, type SlurmCluster, startSlurm } from '../rig/slurm-cluster.ts';

describe.skipIf(!hasSlurm)('faults of a Slurm cluster', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    Object.assign(process.env, cluster.environment);
  });
  afterEach(async () => {
    for (const daemon of ['slurmctld', 'n1', 'n2']) cluster.signal(daemon, 'SIGCONT');
    await cluster.cancelAll();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const one = (settings: object = {}): ReturnType<typeof slurmProject> =>
    slurmProject(({ cmd }) => ({ train: { cmd, outs: { m: 'm' } } }), settings);
  const nodeOf = async (): Promise<string> =>
    (await cluster.run('squeue', '--noheader', '--states=R', '--format=%N')).trim();
  /** Jobs that have not been started: a twin would wait for the first. */
  const waiting = async (): Promise<readonly string[]> =>
    (await cluster.run('squeue', '--noheader', '--states=PD', '--format=%i %j'))
      .split('\n')
      .filter((line) => line.includes('train.'));
  /** A runner that has found out what the nodes are. */
  const probed = async (rig: Rig): Promise<void> =>
    void (await rig.process('run', '--detach', 'train').result);

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'a node whose slurmd gets %s: the job is submitted again once, and the first copy publishes nothing',
    async (signal) => {
      await using rig = await one();
      const run = rig.process('run');
      const first = await rig.stage.nextStart();
      const node = await nodeOf();
      cluster.signal(node, signal);
      await run.said('attempt 2');
      const second = await rig.stage.nextStart();
      // The fence ends it, on a node that its queue has lost.
      await first.gone;
      await second.exit(0, { m: 'of the second' });
      const result = await run.result;
      expect(result).toMatchObject({ code: 0, json: { ran: ['train'] } });
      expect(result.events.filter(({ kind }) => kind === 'retrying')).toMatchObject([
        { failure: { kind: 'lost', message: expect.stringContaining('failed') } },
      ]);
      expect(rig.read('artifacts/p/train/m')).toBe('of the second');
      await cluster.restart(node);
    },
  );

  test('a restarted slurmd loses nothing', async () => {
    await using rig = await one();
    const run = rig.process('run');
    const train = await rig.stage.nextStart();
    const node = await nodeOf();
    cluster.signal(node, 'SIGTERM');
    await cluster.restart(node);
    await train.exit(9);
    expect((await run.result).events.find(({ kind }) => kind === 'finished')).toMatchObject({
      outcome: { failure: { kind: 'exit', code: 9 } },
    });
    expect(rig.stage.waiting).toBe(0);
  });

  test('with the controller down jobs continue, and nothing is submitted twice', async () => {
    await using rig = await one();
    const run = rig.process('run');
    const train = await rig.stage.nextStart();
    cluster.signal('slurmctld', 'SIGTERM');
    await train.exit(0, { m: 'weights' });
    expect((await run.result).json['ran']).toEqual(['train']);
    await cluster.restart('slurmctld');
  });

  test('with the controller down at the submission, the run waits for it', async () => {
    await using rig = await one();
    await probed(rig);
    await (await rig.stage.nextStart()).exit(1);
    cluster.signal('slurmctld', 'SIGTERM');
    const run = rig.process('run', '--force');
    await run.said('▸ train');
    await cluster.restart('slurmctld');
    await (await rig.stage.nextStart()).exit(0, { m: 'late' });
    expect((await run.result).json['ran']).toEqual(['train']);
    expect(rig.stage.waiting).toBe(0);
  });

  test('a job accepted by a hanging controller is found, not submitted again', async () => {
    await using rig = await one();
    await probed(rig);
    await (await rig.stage.nextStart()).exit(1);
    cluster.signal('slurmctld', 'SIGSTOP');
    const run = rig.process('run', '--force');
    await run.said('▸ train');
    // sbatch gives up after its MessageTimeout of five seconds, and so does the ping after it.
    await new Promise((resolve) => {
      setTimeout(resolve, 7000);
    });
    cluster.signal('slurmctld', 'SIGCONT');
    await (await rig.stage.nextStart()).exit(0, { m: 'ghost' });
    expect((await run.result).json['ran']).toEqual(['train']);
    expect(rig.stage.waiting).toBe(0);
    expect(await waiting()).toEqual([]);
  });

  test('a job that a crashed controller forgot: its result counts, a reused id does not', async () => {
    await using rig = await one();
    const run = rig.process('run');
    const train = await rig.stage.nextStart();
    cluster.signal('slurmctld', 'SIGKILL');
    await cluster.restart('slurmctld');
    // Somebody else's job may have the number of ours by now.
    await cluster.run('sbatch', '--wrap', 'sleep 1', '--output=/dev/null');
    await train.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result.json).toMatchObject({ failed: [], ran: ['train'] });
    expect(rig.read('artifacts/p/train/m')).toBe('weights');
  });

  test('a job without a result is lost after the grace period, and started three times at most', async () => {
    await using rig = await slurmProject(() => ({
      // Its wrapper dies with it, as where a node runs out of everything.
      train: { cmd: 'kill -9 $PPID; sleep 60', outs: {} },
    }));
    const result = await rig.process('run').result;
    expect(result.events.filter(({ kind }) => kind === 'retrying')).toHaveLength(3);
    expect(result.events.find(({ kind }) => kind === 'finished')).toMatchObject({
      outcome: { kind: 'failed', failure: { kind: 'lost' } },
    });
    for (const pid of rig.survivors()) process.kill(pid, 'SIGKILL');
  });

  test('1,000 jobs of others in the queue change nothing', async () => {
    await cluster.run('sbatch', '--array=0-999', '--hold', '--wrap', 'true', '--output=/dev/null');
    await using rig = await one();
    const run = rig.process('run');
    await (await rig.stage.nextStart()).exit(0, { m: 'weights' });
    expect((await run.result).code).toBe(0);
  });

  test('a job near its time limit writes a checkpoint, and the next one resumes from it', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      train: { cmd, outs: { m: 'm' }, resources: { time: '1m' } },
    }));
    const run = rig.process('run');
    const first = await rig.stage.nextStart();
    await first.order('onTermWrite', { files: { 'scratch:step': '40' } });
    const second = await rig.stage.nextStart();
    expect(await second.order('read', { path: 'scratch:step' })).toBe('40');
    await second.exit(0, { m: 'from step 40' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['train'] } });
    expect(result.events.filter(({ kind }) => kind === 'retrying')).toMatchObject([
      { failure: { kind: 'time-limit', hasCheckpoint: true }, delaySeconds: 0 },
    ]);
    expect(readdirSync(join(rig.root, 'cache/attempts'))).toEqual([]);
  });
});
