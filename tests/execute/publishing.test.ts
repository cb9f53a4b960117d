import { renameSync, writeFileSync, readdirSync, utimesSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';

describe('invariant 2: what is published is what the key describes', () => {
  test('a stage that exits 0 with its outs is cached: the second run starts nothing', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ rows: 'a', 'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } } });
    const first = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await first.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [], cached: ['train'] });
    expect(train.waiting).toBe(0);
  });

  test('an input edited during the run: result kept, not cached, file named; the next run runs', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ rows: 'a', 'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } } });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    rig.write({ rows: 'b' });
    await started.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result.code).toBe(0);
    expect(result.warnings).toEqual(['dep-changed']);
    expect(result.stderr).toContain('rows');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights of b' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights of b');
  });

  test.each([
    ['edited in place and put back', (path: string) => { writeFileSync(path, 'b'); writeFileSync(path, 'a'); }],
    ['replaced by rename and put back', (path: string) => { writeFileSync(`${path}.new`, 'b'); renameSync(`${path}.new`, path); writeFileSync(path, 'a'); }],
    ['edited and put back, its time as before', (path: string) => { const { atime, mtime } = statSync(path); writeFileSync(path, 'b'); writeFileSync(path, 'a'); utimesSync(path, atime, mtime); }],
  ])('an input %s during the run is seen', async (_, edit) => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ rows: 'a', 'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } } });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    edit(join(rig.root, 'rows'));
    await started.exit(0, { m: 'weights' });
    expect((await run.result).warnings).toEqual(['dep-changed']);
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
  });

  test('a stage that exits 0 without an out has failed; what it wrote is kept beside, and nothing is cached', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { train: { cmd: train.cmd, outs: { m: 'm', log: 'log' } } } } });
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(result.stderr).toContain('log');
    expect(rig.read('artifacts/pipeline/train.failed/m')).toBe('weights');
    expect(rig.exists('artifacts/pipeline/train/m')).toBe(false);
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights', log: 'l' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
    expect(readdirSync(join(rig.root, 'artifacts/pipeline'))).toEqual(['train']);
  });

  test('a file of somebody else in the folder of an instance stays', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ rows: 'a', 'artifacts/pipeline/train/notes.txt': 'mine', 'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } } });
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    await run.result;
    expect(rig.read('artifacts/pipeline/train/notes.txt')).toBe('mine');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
  });
});
