import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { slurmProject } from '../rig/slurm-project.ts';
import { hasSlurm, type SlurmCluster, startSlurm } from '../rig/slurm-cluster.ts';

describe.skipIf(!hasSlurm)('jobs of Slurm and the end of their runner', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    Object.assign(process.env, cluster.environment);
  });
  afterEach(() => cluster.cancelAll());
  afterAll(() => cluster[Symbol.asyncDispose]());

  const jobs = async (): Promise<number> =>
    (await cluster.run('squeue', '--noheader', '--states=PD,R')).split('\n').length - 1;

  test('--detach submits what is ready and exits; the next run continues from there', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      train: { cmd, outs: { m: 'm' } },
      eval: {
        cmd: ['cp', '${deps.m}', '${outs.c}'],
        deps: { m: { from: 'train', out: 'm' } },
        outs: { c: 'c' },
      },
      here: { cmd: ['date'], executor: 'local' },
    }));
    expect(await rig.process('run', '--detach').result).toMatchObject({
      code: 0,
      json: { submitted: ['train'], waiting: ['eval', 'here'], ran: [] },
    });
    const train = await rig.stage.nextStart();
    await train.order('event', { line: '{"kind":"warning","text":"while nobody looked"}' });
    const status = await rig.process('status', '--json').result;
    expect(status.json['instances']).toMatchObject([{ state: 'submitted' }, { state: 'waiting' }, {}]);
    const run = rig.process('run');
    await run.said('while nobody looked');
    await train.exit(0, { m: 'weights' });
    expect(await run.result).toMatchObject({ code: 0, json: { ran: ['train', 'eval', 'here'] } });
    expect(rig.read('artifacts/p/eval/c')).toBe('weights');
    expect(rig.stage.waiting).toBe(0);
  });

  test('a job that ended without a runner is not run again', async () => {
    await using rig = await slurmProject(({ cmd }) => ({ train: { cmd, outs: { m: 'm' } } }));
    await rig.process('run', '--detach').result;
    const train = await rig.stage.nextStart();
    await train.exit(0, { m: 'weights' });
    await cluster.allEnded();
    expect((await rig.process('run').result).json['ran']).toEqual(['train']);
    expect(rig.stage.waiting).toBe(0);
  });

  test('Ctrl-C leaves jobs in the queue, a second one cancels them', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      far: { cmd, outs: { m: 'm' } },
      near: { cmd: ['sh', '-c', 'trap "sleep 30" TERM; while :; do sleep 0.1; done'], executor: 'local' },
    }));
    const first = rig.process('run');
    await rig.stage.nextStart();
    await first.said('▸ near');
    first.kill('SIGINT');
    await first.said('Ctrl-C again');
    first.kill('SIGINT');
    expect((await first.result).code).toBe(130);
    await cluster.cancelAll();

    await using alone = await slurmProject(({ cmd }) => ({ far: { cmd, outs: { m: 'm' } } }));
    const second = alone.process('run');
    const far = await alone.stage.nextStart();
    second.kill('SIGINT');
    expect(await second.result).toMatchObject({ code: 130, json: { submitted: ['far'] } });
    expect(await jobs()).toBe(1);
    const third = alone.process('run');
    await third.said('an earlier run submitted its job');
    await far.exit(0, { m: 'm' });
    expect((await third.result).json['ran']).toEqual(['far']);
  });

  test('a killed runner leaves its jobs, and the next one takes them over', async () => {
    await using rig = await slurmProject(({ cmd }) => ({ train: { cmd, outs: { m: 'm' } } }));
    const dead = rig.process('run');
    const train = await rig.stage.nextStart();
    dead.kill('SIGKILL');
    await dead.result;
    const run = rig.process('run');
    await run.said('an earlier run submitted its job');
    await train.exit(0, { m: 'of the first job' });
    expect((await run.result).json['ran']).toEqual(['train']);
    expect(rig.read('artifacts/p/train/m')).toBe('of the first job');
    expect(rig.stage.waiting).toBe(0);
  });

  test('`pipeline cancel` cancels jobs of the named instances, also waiting ones', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      a: { matrix: { n: [1, 2, 3, 4, 5, 6] }, cmd: [...cmd, '${n}'] },
      b: { cmd },
    }));
    await rig.process('run', '--detach', 'a').result;
    expect(await jobs()).toBe(6);
    expect((await rig.process('cancel', 'a:1', 'a:6', '--json').result).json).toMatchObject({
      cancelled: ['a[1]', 'a[6]'],
    });
    expect(await jobs()).toBe(4);
    expect((await rig.process('cancel', '--json').result).json['cancelled']).toHaveLength(4);
    expect(await jobs()).toBe(0);
    const run = rig.process('run', 'b');
    await run.said('▸ b');
    await rig.process('cancel', 'b').result;
    expect((await run.result).json['failed']).toEqual(['b']);
  });

  test('with another stage or other data, a queued job does not count, and is cancelled', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      train: { cmd, deps: { rows: 'rows' }, outs: { m: 'm' } },
    }));
    rig.write({ rows: 'a' });
    await rig.process('run', '--detach').result;
    await rig.stage.nextStart();
    rig.write({ rows: 'b' });
    rig.write({ rows: 'a' });
    const run = rig.process('run');
    const again = await rig.stage.nextStart();
    expect(await jobs()).toBe(1);
    await again.exit(0, { m: 'new' });
    expect((await run.result).json['ran']).toEqual(['train']);
    expect(rig.read('artifacts/p/train/m')).toBe('new');
  });

  test('data that change while a job waits are noticed when it starts, and used', async () => {
    await using rig = await slurmProject(({ cmd }) => ({
      block: { matrix: { n: [1, 2] }, cmd: [...cmd, '${n}'], resources: { cpus: 2 } },
      train: { cmd: 'cat ${deps.rows} > ${outs.m}', deps: { rows: 'rows' }, outs: { m: 'm' } },
    }));
    rig.write({ rows: 'a' });
    await rig.process('run', '--detach', 'block').result;
    const [first, second] = [await rig.stage.nextStart(), await rig.stage.nextStart()];
    const run = rig.process('run');
    while ((await jobs()) < 3) await new Promise(setImmediate);
    rig.write({ rows: 'b' });
    await Promise.all([first.exit(0), second.exit(0)]);
    const result = await run.result;
    expect(result.json['ran']).toContain('train');
    expect(rig.read('artifacts/p/train/m')).toBe('b');
    expect(
      result.events.filter((event) => event.kind === 'started' && event.instance === 'train'),
    ).toHaveLength(2);
  });
});
