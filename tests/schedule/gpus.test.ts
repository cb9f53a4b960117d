import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeNvidiaSmi } from '../rig/fake-nvidia-smi.ts';
import { createRig, until } from '../rig/rig.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const card = (uuid: string) => ({ uuid, usedMebibytes: 10_240, totalMebibytes: 24_576, busy: '93' });
const onGpu = (cmd: string | readonly string[]): object => ({
  cmd,
  outs: { o: 'o' },
  resources: { gpus: 1 },
});

test('a second stage for the only GPU waits, and the run names who uses it', async () => {
  await using rig = await createRig();
  fakeNvidiaSmi([{ ...card('GPU-a'), process: { pid: process.pid, name: '/opt/python', mebibytes: 2048 } }]);
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
  fakeNvidiaSmi([card('GPU-a')]);
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

const printed = 'printf %s "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER" > ${outs.o}';

test.each([
  [undefined, ['0 PCI_BUS_ID', '1 PCI_BUS_ID']],
  ['1,0', ['1 ', '0 ']],
  ['GPU-b', ['GPU-b ']],
])('with CUDA_VISIBLE_DEVICES=%s each stage gets one of those, never another', async (preset, given) => {
  await using rig = await createRig();
  fakeNvidiaSmi([card('GPU-a'), card('GPU-b')]);
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
  ['GPU-b', '1'],
])(
  'with CUDA_VISIBLE_DEVICES=%s a request for more GPUs is refused before anything runs',
  async (preset, has) => {
    await using rig = await createRig();
    fakeNvidiaSmi([card('GPU-a'), card('GPU-b')]);
    vi.stubEnv('CUDA_VISIBLE_DEVICES', preset);
    rig.write({
      'pipeline.yaml': { stages: { a: { cmd: printed, outs: { o: 'o' }, resources: { gpus: 2 } } } },
    });
    const { code, stderr } = await rig.pipeline('run').result;
    expect(code).toBe(2);
    expect(stderr).toContain(`2 GPUs are requested, but this machine has ${has}`);
  },
);
