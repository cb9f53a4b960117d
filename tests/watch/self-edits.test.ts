import { describe, expect, test } from 'vitest';
import { createRig, type PipelineRun } from '../rig/rig.ts';

const waits = (run: PipelineRun, times: number): Promise<void> => run.said('waiting for changes', times);

async function shown(run: PipelineRun): Promise<readonly string[]> {
  run.kill('SIGINT');
  return (await run.result).events.flatMap((event) =>
    event.kind === 'warned' && event.diagnostic.code === 'own-dep' ? [event.diagnostic.message] : [],
  );
}

describe('a watch comes to rest where a stage changes its inputs, and names the stage', () => {
  test('when it ends: it runs once more, and then only for other changes', async () => {
    await using rig = await createRig();
    rig.write({
      x: 'one\n',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'cp ${deps.x} ${outs.o}; echo more >> ${deps.x}', deps: { x: 'x' }, outs: { o: 'o' } },
        },
      },
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ x: 'two\n' });
    await waits(run, 2);
    expect(rig.read('artifacts/pipeline/a/o')).toBe('two\n');
    expect(new Set(await shown(run))).toEqual(
      new Set([
        'a changes its own input x on every run: its result is not cached, and the change causes no rerun',
      ]),
    );
  });

  test('while it runs: it is stopped a few times, and then left to end', async () => {
    await using rig = await createRig();
    const a = rig.puppet('a');
    rig.write({
      x: '0',
      'pipeline.yaml': { stages: { a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: 'o' } } } },
    });
    const run = rig.pipeline('run', '--watch');
    for (let start = 1; start <= 5; start++) {
      const started = await a.nextStart();
      await started.order('write', { files: { x: `${start}` } });
      await started.gone;
    }
    const sixth = await a.nextStart();
    await sixth.order('write', { files: { x: '6' } });
    await run.said('x was changed while a ran, as in its last 5 attempts: this time it is not stopped');
    await sixth.exit(0, { o: 'a' });
    const seventh = await a.nextStart();
    await seventh.order('write', { files: { x: '7' } });
    await seventh.exit(0, { o: 'a' });
    await waits(run, 1);
    expect((await shown(run)).at(-1)).toBe(
      'a changes its own input x on every run: its result is not cached, and the change causes no rerun',
    );
  });

  test("where the input is another stage's out: that is restored, a limited number of times", async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo a > ${outs.o}', outs: { o: 'o' } },
          b: {
            cmd: 'cp ${deps.o} ${outs.p}; echo more >> ${deps.o}',
            deps: { o: { from: 'a', out: 'o' } },
            outs: { p: 'p' },
          },
        },
      },
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    expect(rig.read('artifacts/pipeline/b/p')).toBe('a\n');
    expect(await shown(run)).toHaveLength(1);
  });
});

test('a dep edited repeatedly while its stage runs: it restarts, and the last edit counts', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  rig.write({
    x: '0',
    'pipeline.yaml': { stages: { a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: 'o' } } } },
  });
  const run = rig.pipeline('run', '--watch');
  for (let edit = 1; edit <= 4; edit++) {
    const started = await a.nextStart();
    rig.write({ x: `${edit}` });
    await started.gone;
  }
  await (await a.nextStart()).exit(0, { o: 'a' });
  await waits(run, 1);
  expect(await shown(run)).toEqual([]);
  expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a'] });
});
