import { expect, test } from 'vitest';
import type { Puppet } from '../rig/puppets.ts';
import { createRig, type Rig } from '../rig/rig.ts';

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
  await runOnce(rig, a, 'ours');
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
  await runOnce(rig, a, 'ours');
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

test('the log of an instance shows a rerun as a verification, with its output and what it found', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
  await runOnce(rig, a, 'one');
  const shown: string[] = [];
  for (const [code, text] of [
    [0, 'one'],
    [0, 'two'],
    [3, 'half'],
  ] as const) {
    const again = rig.pipeline(...rerun);
    const started = await a.nextStart();
    await started.order('print', { text: `wrote ${text}\n` });
    await started.exit(code, { o: text });
    await again.result;
    // It has an end, so that following it ends too.
    const { stdout } = await rig.pipeline('log', '--follow', 'a').result;
    shown.push(stdout.replaceAll(/\d\d:\d\d:\d\d/g, '').replaceAll(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'RUN'));
  }
  const log = (text: string, end: string): string =>
    `a in run RUN\n  attempt 1\n          because: to verify its result\noutput (cache/logs/RUN/1.txt):\n` +
    `wrote ${text}\n  ${end}\n`;
  expect(shown).toEqual([
    log('one', 'verified: the outputs are identical'),
    log('two', 'verified: out o differs'),
    log('half', 'not verified: failed with exit code 3'),
  ]);
  expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a'] });
});

test('a failed rerun is an error that names the end of the stage and its log', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
  await runOnce(rig, a, 'one');
  const again = rig.pipeline(...rerun);
  await (await a.nextStart()).exit(3);
  const { code, stderr } = await again.result;
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('a, executed again, failed with exit code 3 (see `pipeline log a`)'),
  });
});

/** The first run, in which the stage writes `text` as its out "o". */
async function runOnce(rig: Rig, stage: Puppet, text: string): Promise<void> {
  const run = rig.pipeline('run');
  await (await stage.nextStart()).exit(0, { o: text });
  await run.result;
}
