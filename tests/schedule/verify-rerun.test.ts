import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';

const rerun = ['verify', '--rerun', 'a'] as const;

test('a stage with other outputs on a rerun: the file is named, results stay unchanged', async () => {
  await using rig = await createRig();
  const [steady, moody] = [rig.puppet('steady'), rig.puppet('moody')];
  rig.write({
    'pipeline.yaml': {
      stages: { a: { cmd: steady.cmd, outs: { o: 'o' } }, b: { cmd: moody.cmd, outs: { d: 'd' } } },
    },
  });
  const first = rig.pipeline('run', '--jobs', '1');
  await (await steady.nextStart()).exit(0, { o: 'same' });
  await (await moody.nextStart()).exit(0, { 'd/x': 'one', 'd/y': 'y' });
  await first.result;
  const same = rig.pipeline(...rerun);
  await (await steady.nextStart()).exit(0, { o: 'same' });
  expect(await same.result).toMatchObject({ code: 0, stdout: 'a: the outputs are identical\n' });
  const other = rig.pipeline('verify', '--rerun', 'b');
  await (await moody.nextStart()).exit(0, { 'd/x': 'two', 'd/y': 'y' });
  expect(await other.result).toMatchObject({ code: 1, stdout: 'b: out d differs: x\n' });
  expect(rig.read('artifacts/pipeline/b/d/x')).toBe('one');
  expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a', 'b'] });
});

test('a file of somebody else in the place of an out is named, and nothing is executed', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  const writing = (out: unknown): object => ({ stages: { a: { cmd: a.cmd, outs: { o: out } } } });
  // One manifest, and so one result, in two places.
  rig.write({
    'pipeline.yaml': writing('result.txt'),
    'experiments/other.yaml': writing({ path: 'result.txt', workspace: true }),
    'result.txt': 'mine',
  });
  const first = rig.pipeline('run');
  await (await a.nextStart()).exit(0, { o: 'ours' });
  await first.result;
  const refused = await rig.pipeline(...rerun, '-f', 'experiments/other.yaml').result;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('result.txt already exists');
  expect({ waiting: a.waiting, text: rig.read('result.txt') }).toEqual({ waiting: 0, text: 'mine' });
});

test('a workspace out is unchanged, however its rerun ends', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  rig.write({
    'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: { path: 'result', workspace: true } } } } },
  });
  const first = rig.pipeline('run');
  await (await a.nextStart()).exit(0, { o: 'ours' });
  await first.result;
  for (const [code, text] of [
    [0, 'other'],
    [1, 'half'],
  ] as const) {
    const again = rig.pipeline(...rerun);
    await (await a.nextStart()).exit(code, { o: text });
    expect((await again.result).code).toBe(code === 0 ? 1 : 2);
    expect(rig.read('result')).toBe('ours');
  }
  expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a'] });
});
