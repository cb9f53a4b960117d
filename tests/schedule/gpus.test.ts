import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fakeNvidiaSmi, fakeUuid } from '../rig/fake-nvidia-smi.ts';
import { createRig, until } from '../rig/rig.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const card = (name: string) => ({
  uuid: fakeUuid(name),
  usedMebibytes: 10_240,
  totalMebibytes: 24_576,
  busy: '93',
});
const onGpu = (cmd: string | readonly string[]): object => ({
  cmd,
  outs: { o: 'o' },
  resources: { gpus: 1 },
});

test('a second stage for the only GPU waits, and the run names who uses it', async () => {
  await using rig = await createRig();
  fakeNvidiaSmi([{ ...card('a'), process: { pid: process.pid, name: '/opt/python', mebibytes: 2048 } }]);
  const [a, b] = [rig.puppet('a'), rig.puppet('b')];
  rig.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd), b: onGpu(b.cmd) } } });
  const run = rig.pipeline('run', '--jobs', '4');
  const first = await a.nextStart();
  await run.said(
    `b  waits for a GPU: a has GPU 0; in use as well: python (pid ${process.pid}, 2.0 GiB on GPU 0)`,
  );
  await run.said('a shares its GPU with python');
  expect(b.waiting).toBe(0);
  await first.exit(0, { o: 'a' });
  await (await b.nextStart()).exit(0, { o: 'b' });
  const { events, code } = await run.result;
  expect(code).toBe(0);
  expect(events.filter(({ kind }) => kind === 'waiting-for-gpu')).toMatchObject([
    {
      instance: 'b',
      holders: [{ instance: 'a', gpus: ['0'] }],
      others: [{ gpu: '0', pid: process.pid, name: 'python', memoryBytes: 2 ** 31 }],
    },
  ]);
});

test('the use of a GPU is shown while its stage runs, and its peak memory afterwards', async () => {
  await using rig = await createRig();
  fakeNvidiaSmi([card('a')]);
  const a = rig.puppet('a');
  rig.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
  const run = rig.pipeline('run');
  const started = await a.nextStart();
  await until(() => readFileSync(run.eventFile, 'utf8').includes('gpu-usage'), 50_000);
  await started.exit(0, { o: 'a' });
  const { events } = await run.result;
  expect(events.find(({ kind }) => kind === 'gpu-usage')).toMatchObject({
    instance: 'a',
    usage: { usedBytes: 10 * 2 ** 30, totalBytes: 24 * 2 ** 30, busyPercent: 93 },
  });
  const [{ run: id }] = JSON.parse((await rig.pipeline('history', '--json').result).stdout).runs;
  const history = JSON.parse((await rig.pipeline('history', id, '--json').result).stdout);
  expect(history).toMatchObject({ instances: [{ instance: 'a', peakGpuMemoryBytes: 10 * 2 ** 30 }] });
});

test('a part of a card (MIG) is shown with its own memory, without a utilization', async () => {
  await using rig = await createRig();
  const part = (name: string, usedMebibytes: number) => ({
    uuid: `MIG-${name}-${process.pid}`,
    usedMebibytes,
    totalMebibytes: 40_448,
  });
  fakeNvidiaSmi([card('a'), { ...card('b'), parts: [part('c', 298), part('d', 20_480)] }]);
  vi.stubEnv('CUDA_VISIBLE_DEVICES', part('d', 0).uuid);
  const a = rig.puppet('a');
  rig.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
  const run = rig.pipeline('run');
  const started = await a.nextStart();
  await until(() => readFileSync(run.eventFile, 'utf8').includes('gpu-usage'), 50_000);
  await started.exit(0, { o: 'a' });
  const { events } = await run.result;
  expect(events.find(({ kind }) => kind === 'gpu-usage')).toMatchObject({
    usage: { usedBytes: 20 * 2 ** 30, totalBytes: 40_448 * 2 ** 20 },
  });
});

const printed = 'printf %s "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER" > ${outs.o}';

test.each([
  [undefined, ['0 PCI_BUS_ID', '1 PCI_BUS_ID']],
  ['1,0', ['1 ', '0 ']],
  [fakeUuid('b'), [`${fakeUuid('b')} `]],
])('with CUDA_VISIBLE_DEVICES=%s each stage gets one of those, never another', async (preset, given) => {
  await using rig = await createRig();
  fakeNvidiaSmi([card('a'), card('b')]);
  vi.stubEnv('CUDA_VISIBLE_DEVICES', preset);
  const names = ['a', 'b', 'c', 'd'];
  rig.write({
    'pipeline.yaml': {
      stages: Object.fromEntries(names.map((name) => [name, onGpu(`${printed} # ${name}`)])),
    },
  });
  expect((await rig.pipeline('run', '--jobs', '4').result).code).toBe(0);
  const got = names.map((name) => rig.read(`artifacts/pipeline/${name}/o`));
  expect([...new Set(got)].sort()).toEqual([...given].sort());
});

test.each([
  ['', 'none'],
  [fakeUuid('b'), '1'],
])(
  'with CUDA_VISIBLE_DEVICES=%s a request for more GPUs is refused before anything runs',
  async (preset, has) => {
    await using rig = await createRig();
    fakeNvidiaSmi([card('a'), card('b')]);
    vi.stubEnv('CUDA_VISIBLE_DEVICES', preset);
    rig.write({
      'pipeline.yaml': { stages: { a: { cmd: printed, outs: { o: 'o' }, resources: { gpus: 2 } } } },
    });
    const { code, stderr } = await rig.pipeline('run').result;
    expect(code).toBe(2);
    expect(stderr).toContain(`2 GPUs are requested, but this machine has ${has}`);
  },
);

describe('two projects on one machine', () => {
  test('have a GPU in turn, and the one that waits names the other', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a')]);
    const [a, b, c] = [other.puppet('a'), mine.puppet('b'), other.puppet('c')];
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd), c: onGpu(c.cmd) } } });
    mine.write({ 'pipeline.yaml': { stages: { b: onGpu(b.cmd) } } });
    const theirs = other.process('run');
    const first = await a.nextStart();
    const run = mine.process('run');
    await run.said(`b  waits for a GPU: a of ${other.root} has had GPU 0 for`);
    expect(b.waiting).toBe(0);
    await first.exit(0, { o: 'a' });
    const second = await b.nextStart();
    await theirs.said(`c  waits for a GPU: b of ${mine.root} has had GPU 0 for`);
    expect(c.waiting).toBe(0);
    await second.exit(0, { o: 'b' });
    await (await c.nextStart()).exit(0, { o: 'c' });
    const [{ code, events }, { code: theirCode }] = await Promise.all([run.result, theirs.result]);
    expect([code, theirCode]).toEqual([0, 0]);
    expect(events.filter(({ kind }) => kind === 'waiting-for-gpu')).toMatchObject([
      { holders: [], otherRuns: [{ gpu: '0', by: { project: other.root, instance: 'a', pid: theirs.pid } }] },
    ]);
  });

  test('have different GPUs at once where there are two', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a'), card('b')]);
    const a = other.puppet('a');
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
    mine.write({ 'pipeline.yaml': { stages: { b: onGpu(printed) } } });
    const theirs = other.process('run');
    const first = await a.nextStart();
    expect((await mine.process('run').result).code).toBe(0);
    expect(mine.read('artifacts/pipeline/b/o')).toBe('1 PCI_BUS_ID');
    await first.exit(0, { o: 'a' });
    expect((await theirs.result).code).toBe(0);
  });

  test('do not wait for a run that was killed, and what needs no GPU runs meanwhile', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a')]);
    const a = other.puppet('a');
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
    mine.write({
      'pipeline.yaml': {
        stages: { b: onGpu(printed), c: { cmd: 'echo 1 > ${outs.o}', outs: { o: 'o' } } },
      },
    });
    const theirs = other.process('run');
    const first = await a.nextStart();
    const run = mine.process('run', '--jobs', '2');
    await run.said('b  waits for a GPU');
    await run.said('✓ c');
    theirs.kill('SIGKILL');
    await theirs.result;
    expect((await run.result).code).toBe(0);
    await first.gone;
  });

  test('have a GPU in turn even if a run is killed and its stage takes its time to end', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a')]);
    const [a, b] = [other.puppet('a'), mine.puppet('b')];
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
    mine.write({ 'pipeline.yaml': { stages: { b: onGpu(b.cmd) } } });
    const theirs = other.process('run');
    const first = await a.nextStart();
    await first.order('ignoreTerm');
    await first.order('background', { session: true, termFile: `${other.root}/term` });
    await until(() => other.exists('term.ready'), 10_000);
    const run = mine.process('run');
    await run.said('b  waits for a GPU');
    theirs.kill('SIGKILL');
    const second = await b.nextStart();
    // The other's supervisor first asked the stage and its child to end.
    expect(other.exists('term')).toBe(true);
    expect(other.survivors()).toEqual([]);
    await second.exit(0, { o: 'b' });
    expect((await run.result).code).toBe(0);
  });

  test('a run that waits for the other one ends at once when it is stopped', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a')]);
    const a = other.puppet('a');
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
    mine.write({ 'pipeline.yaml': { stages: { b: onGpu(printed), c: onGpu(`${printed} # c`) } } });
    const theirs = other.process('run');
    const first = await a.nextStart();
    const run = mine.process('run', '--jobs', '2');
    await run.said('b  waits for a GPU');
    run.kill('SIGINT');
    expect((await run.result).code).toBe(130);
    await first.exit(0, { o: 'a' });
    await theirs.result;
  });

  test('share a GPU that the scheduler of a cluster gave to both', async () => {
    await using mine = await createRig();
    await using other = await createRig();
    fakeNvidiaSmi([card('a')]);
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0');
    const a = other.puppet('a');
    other.write({ 'pipeline.yaml': { stages: { a: onGpu(a.cmd) } } });
    mine.write({ 'pipeline.yaml': { stages: { b: onGpu(printed) } } });
    const theirs = other.process('run');
    const first = await a.nextStart();
    vi.stubEnv('SLURM_JOB_ID', '7');
    expect((await mine.process('run').result).code).toBe(0);
    await first.exit(0, { o: 'a' });
    await theirs.result;
  });
});
