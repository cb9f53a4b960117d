import { totalmem } from 'node:os';
import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { smallestMemory } from '../../src/runner/executors/local/gpus/gpu-state.ts';
import { fakeNvidiaSmi } from '../rig/fake-nvidia-smi.ts';
import { type WorkspaceDisk, workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { inProcess } from '../rig/in-process.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const program = `
import { writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object' }, deps: ['in'], outs: ['out'],
  async run({ outs }) { writeFileSync(outs.out, 'done'); },
};`;

const taking = (bytes: number): string =>
  'export const estimate = async ({ rows }, deps, device) => ({ ok: true, value: { parts: { ' +
  `weights: ${bytes}, [device]: rows }, lower: ['rows: 1'] } });`;

const filesWith = (preview: string): Readonly<Record<string, unknown>> => ({
  'stages/large.ts': program,
  'stages/previews/large.ts': preview,
  'in.txt': 'x',
  'pipeline.yaml': {
    stages: {
      large: {
        uses: 'stages/large.ts',
        params: { rows: 5 },
        deps: { in: 'in.txt' },
        outs: { out: 'out.txt' },
      },
      other: { cmd: 'echo > ${outs.o}', outs: { o: 'o' } },
    },
  },
});

async function projectWith(preview: string): Promise<Rig> {
  const rig = await createRig();
  rig.write(filesWith(preview));
  return rig;
}

test('pipeline estimate shows the parts that programs report, and no others', async () => {
  await using rig = await projectWith(taking(1000));
  const { stdout } = await rig.pipeline('estimate', '--json').result;
  expect(JSON.parse(stdout)).toMatchObject({
    instances: [
      {
        kind: 'estimated',
        instance: 'large',
        device: 'cpu',
        parts: { weights: 1000, cpu: 5 },
        total: 1005,
        lower: ['rows: 1'],
      },
    ],
  });
  expect((await rig.pipeline('estimate', 'large').result).stdout).toMatch(/weights +1000 B/);
  expect((await rig.pipeline('estimate', 'other').result).stdout).toContain('none of these stages says');
});

test('a run that exceeds the memory is refused with settings to lower; a possible excess warns', async () => {
  await using rig = await projectWith(taking(2 * totalmem()));
  const refused = await rig.pipeline('run').result;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/large needs about .* of memory, and this machine has/);
  expect(refused.stderr).toContain('lower it with rows: 1');
  expect((await rig.pipeline('run', 'other').result).json).toMatchObject({ ran: ['other'] });

  rig.write({ 'stages/previews/large.ts': taking(Math.round(1.05 * totalmem())) });
  const warned = await rig.pipeline('run').result;
  expect(warned.json).toMatchObject({ ran: ['large'] });
  expect(warned.stderr).toContain('large may need about');

  // What is there needs no memory, and an estimate is in no key.
  rig.write({ 'stages/previews/large.ts': taking(3 * totalmem()) });
  expect((await rig.pipeline('run').result).json).toMatchObject({
    ran: [],
    'up-to-date': ['large', 'other'],
  });
});

test('a run assesses an instance with an estimate once: its inputs are read once', async () => {
  using project = inProcess();
  project.write(filesWith(taking(1000)));
  // At this time no file is old enough for its digest to be remembered.
  const now = (): bigint => 0n;
  expect((await project.run({}, workspaceDisk, undefined, now)).outcomes).toMatchObject({ large: 'ran' });
  const read: string[] = [];
  const disk: WorkspaceDisk = {
    ...workspaceDisk,
    digest(path, ...rest) {
      read.push(relative(project.root, path));
      return workspaceDisk.digest(path, ...rest);
    },
  };
  expect((await project.run({}, disk, undefined, now)).outcomes).toMatchObject({ large: 'up-to-date' });
  expect(read.filter((path) => path === 'in.txt')).toEqual(['in.txt']);
});

test('a failed or incomplete estimate is reported and does not stop the run', async () => {
  await using rig = await projectWith(
    'export const estimate = async () => ({ ok: false, error: "no model here" });',
  );
  expect((await rig.pipeline('estimate').result).stdout).toContain('not known: no model here');
  rig.write({ 'stages/previews/large.ts': 'export const estimate = () => { throw new Error("broken"); };' });
  expect((await rig.pipeline('estimate').result).stdout).toMatch(/its preview failed: Error: broken at/);
  expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['large', 'other'] });
});

test('the smallest usable GPU counts, in MiB as NVIDIA counts', async () => {
  const card = (uuid: string, totalMebibytes: number) => ({
    uuid,
    usedMebibytes: 1,
    totalMebibytes,
    busy: '[N/A]',
  });
  fakeNvidiaSmi([card('GPU-a', 24564), card('GPU-b', 12288), card('GPU-c', 8192)]);
  const [a, b] = ['GPU-a', 'GPU-b'].map((uuid) => ({ name: uuid, card: uuid }));
  expect(await smallestMemory([a, b].filter((gpu) => gpu !== undefined))).toBe(12288 * 2 ** 20);
  expect(await smallestMemory([{ name: 'MIG-a' }])).toBeUndefined();
  const parts = [{ uuid: 'MIG-a', usedMebibytes: 0, totalMebibytes: 9856 }];
  fakeNvidiaSmi([card('GPU-a', 24564), { ...card('GPU-b', 81559), parts }]);
  expect(
    await smallestMemory([
      { name: '0', card: 'GPU-a' },
      { name: 'MIG-a', part: 'MIG-a' },
    ]),
  ).toBe(9856 * 2 ** 20);
});
