import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { quick, slurmProject } from '../rig/slurm-project.ts';
import { hasSlurm, type SlurmCluster, startSlurm } from '../rig/slurm-cluster.ts';

describe.skipIf(!hasSlurm)('a stage as a job of Slurm', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    Object.assign(process.env, cluster.environment);
  });
  afterEach(() => cluster.cancelAll());
  afterAll(() => cluster[Symbol.asyncDispose]());

  const project = (stages: object, settings: object = {}) => slurmProject(() => stages, settings);

  test('its output arrives while it runs, its result is cached, and dependents follow', async () => {
    await using rig = await project({});
    const { stage: puppet } = rig;
    rig.write({
      'pipeline.yaml': {
        name: 'p',
        executors: { slurm: quick },
        stages: {
          train: {
            cmd: puppet.cmd,
            executor: 'slurm',
            outs: { model: 'm' },
            resources: { cpus: 2, memory: '64MB' },
          },
          eval: {
            cmd: ['cp', '${deps.model}', '${outs.copy}'],
            deps: { model: { from: 'train', out: 'model' } },
            outs: { copy: 'c' },
          },
        },
      },
    });
    const run = rig.process('run');
    const train = await puppet.nextStart();
    await train.order('event', { line: '{"kind":"warning","text":"halfway"}' });
    await run.said('halfway');
    await train.order('print', { text: 'printed by the job\n' });
    const [job] = (await cluster.run('squeue', '--noheader', '--format=%j %C %m')).trim().split('\n');
    expect(job).toMatch(/^train\.\w{32} 2 62M$/);
    await train.exit(0, { model: 'weights' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['train', 'eval'] } });
    expect(rig.read('artifacts/p/eval/c')).toBe('weights');
    expect(
      result.events.flatMap((event) => (event.kind === 'output' ? [event.text] : [])).join(''),
    ).toContain('printed by the job');
    expect(await rig.process('run').result).toMatchObject({ json: { 'up-to-date': ['train', 'eval'] } });
  });

  test('it gets its declared variables, and none of the queue or the submitting user', async () => {
    await using rig = await slurmProject(({ cmd }) => ({ a: { cmd, passEnv: ['TOKEN'] } }));
    process.env['TOKEN'] = 'secret';
    const run = rig.process('run');
    const stage = await rig.stage.nextStart();
    delete process.env['TOKEN'];
    const seen = await stage.order('environment');
    expect(seen).toMatchObject({ TOKEN: 'secret', LANG: 'C.UTF-8', TZ: 'UTC', CUDA_VISIBLE_DEVICES: '' });
    expect(Object.keys(seen ?? {}).filter((name) => /^(SLURM|SBATCH)/.test(name))).toEqual([]);
    await stage.exit(0);
    expect((await run.result).code).toBe(0);
  });

  test.each<[string, string, object]>([
    ['exit 3', 'exit 3', { kind: 'exit', code: 3 }],
    ['exit 85', 'exit 85', { kind: 'exit', code: 85 }],
    ['a signal', 'kill -9 $$', { kind: 'signal', signal: 'SIGKILL' }],
    ['outs that it did not write', 'true', { kind: 'missing-outs', outs: ['o'] }],
  ])('it fails as a local one does: %s', async (_, line, failure) => {
    await using rig = await project({ a: { cmd: `: \${outs.o}; ${line}`, outs: { o: 'o' } } });
    const result = await rig.process('run').result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['a'] } });
    expect(result.events.find(({ kind }) => kind === 'finished')).toMatchObject({ outcome: { failure } });
  });

  test('a timeout counts from the start of its program, and ends all its processes', async () => {
    await using rig = await slurmProject(({ cmd }) => ({ a: { cmd, timeout: '2s' } }));
    const run = rig.process('run');
    await (await rig.stage.nextStart()).order('background', { session: true });
    const result = await run.result;
    expect(result.events.find(({ kind }) => kind === 'finished')).toMatchObject({
      outcome: { kind: 'failed', failure: { kind: 'timeout', seconds: 2 } },
    });
    expect(rig.survivors()).toEqual([]);
  });

  test('a job cancelled by somebody else fails, and is not retried', async () => {
    await using rig = await slurmProject(({ cmd }) => ({ a: { cmd } }));
    const run = rig.process('run');
    await rig.stage.nextStart();
    await cluster.run('scancel', '--full', '--user=root');
    expect((await run.result).events.find(({ kind }) => kind === 'finished')).toMatchObject({
      outcome: { kind: 'failed', failure: { kind: 'cancelled' } },
    });
  });

  test('instances that are ready together form one array, each with its own result and output', async () => {
    await using rig = await project(
      {
        a: { matrix: { n: [1, 2, 3, 4, 5] }, cmd: 'echo says ${n}; echo ${n} > ${outs.o}', outs: { o: 'o' } },
      },
      { array: 3 },
    );
    const result = await rig.process('run').result;
    expect(result.json['ran']).toHaveLength(5);
    for (const n of [1, 2, 3, 4, 5]) expect(rig.read(`artifacts/p/a/${n}/o`)).toBe(`${n}\n`);
    const ids = (await cluster.run('squeue', '--noheader', '--array', '--states=all', '--format=%F %j'))
      .trim()
      .split('\n');
    expect(new Set(ids.filter((line) => line.includes(' a-')).map((line) => line.split(' ')[0])).size).toBe(
      2,
    );
    for (const n of [1, 5]) expect((await rig.process('log', `a:${n}`).result).stdout).toContain(`says ${n}`);
  });

  test('an unknown partition is reported in the words of Slurm', async () => {
    await using rig = await project({ a: { cmd: ['true'] } }, { partition: 'nowhere' });
    const result = await rig.process('run').result;
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('invalid partition specified: nowhere');
  });

  test("a job that will never start is reported with Slurm's reason, and can be cancelled", async () => {
    await using rig = await project({ a: { cmd: ['true'], resources: { cpus: 64 } } });
    const run = rig.process('run');
    await run.said('PartitionConfig');
    await rig.process('cancel').result;
    expect((await run.result).json['failed']).toEqual(['a']);
  });
});
