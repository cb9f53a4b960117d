import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const out = { path: 'reports/scores.json', workspace: true, kind: 'metrics' };
const aside = 'reports/.found-scores.json';
const computed = '{"f1":0.5}';
const committed = '{"f1":0.9}';

/** A clone: a pipeline of one stage, whose out is committed. */
async function clone(
  scores: string,
  more: object = {},
): Promise<{ rig: Rig; train: ReturnType<Rig['puppet']> }> {
  const rig = await createRig();
  const train = rig.puppet();
  rig.write({
    'pipeline.yaml': { stages: { train: { cmd: train.cmd, outs: { scores: out }, ...more } } },
    'reports/scores.json': scores,
  });
  return { rig, train };
}

async function runs(rig: Rig, train: ReturnType<Rig['puppet']>, ...words: readonly string[]) {
  const run = rig.pipeline('run', ...words);
  await (await train.nextStart()).exit(0, { scores: computed });
  return run.result;
}

describe('an out that is committed to git', () => {
  test('a stage that computes the existing bytes adopts them, in a clone and without a cache', async () => {
    const { rig, train } = await clone(computed);
    await using _ = rig;
    for (const what of ['clone', 'cache removed']) {
      const result = await runs(rig, train);
      expect(result, what).toMatchObject({ code: 0, json: { ran: ['train'], adopted: [] }, warnings: [] });
      expect(rig.exists(aside)).toBe(false);
      expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
      expect((await rig.pipeline('status', '--json').result).json).toMatchObject({
        instances: [{ state: 'up-to-date', adopted: false }],
      });
      rmSync(join(rig.root, 'cache'), { recursive: true });
    }
  });

  test('what to do names the pipeline file and the overrides that were typed', async () => {
    const { rig, train } = await clone(committed);
    await using _ = rig;
    const options = ['--file', 'pipeline.yaml', '--set', 'stages.train.description=a b'];
    const { stderr } = await runs(rig, train, ...options);
    const typed = "--file pipeline.yaml --set 'stages.train.description=a b'";
    for (const command of ['run --adopt train', 'run --overwrite train', 'log train', 'run'])
      expect(stderr).toContain(`\`pipeline ${command} ${typed}\``);
  });

  test('other bytes stay, with what to do, and are not retried; --overwrite replaces them', async () => {
    const { rig, train } = await clone(committed, { retries: 3 });
    await using _ = rig;
    const refused = await runs(rig, train);
    expect(refused).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(refused.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
    expect(refused.stderr).toContain('`pipeline run --adopt train`');
    expect(refused.stderr).toContain('`pipeline run --overwrite train`');
    expect([rig.read(out.path), rig.exists(aside)]).toEqual([committed, false]);
    const again = await rig.pipeline('run').result;
    expect(again).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(again.stderr).toContain('`pipeline run --adopt train`');
    expect(rig.read(out.path)).toBe(committed);
    const { stdout } = await rig.pipeline('explain', 'train').result;
    expect(stdout).toContain(
      `${out.path} was not written by a run and differs from the result (take it as the result with ` +
        '`pipeline run --adopt train`, or replace it with `pipeline run --overwrite train`)',
    );
    expect(stdout).not.toContain('restore it');
    expect((await rig.pipeline('run', '--overwrite', 'train').result).json).toMatchObject({
      restored: ['train'],
    });
    expect(rig.read(out.path)).toBe(computed);
    expect(train.waiting).toBe(0);
  });

  test('--overwrite of a failing stage loses nothing; a successful one replaces the files', async () => {
    const { rig, train } = await clone(committed);
    await using _ = rig;
    const failing = rig.pipeline('run', '--overwrite', 'train');
    await (await train.nextStart()).exit(1, { scores: 'half' });
    expect((await failing.result).json).toMatchObject({ failed: ['train'] });
    expect([rig.read(out.path), rig.exists(aside)]).toEqual([committed, false]);
    expect((await runs(rig, train, '--overwrite', 'train')).json).toMatchObject({ ran: ['train'] });
    expect([rig.read(out.path), rig.exists(aside)]).toEqual([computed, false]);
  });

  test('--adopt takes existing files without running: marked until one is computed', async () => {
    const { rig, train } = await clone(committed);
    await using _ = rig;
    const result = await rig.pipeline('run', '--adopt', 'train').result;
    expect(result).toMatchObject({ code: 0, json: { ran: [], adopted: ['train'], failed: [] } });
    expect(train.waiting).toBe(0);
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'], adopted: [] });
    const marks = async (): Promise<readonly unknown[]> =>
      Promise.all(
        [['status'], ['explain', 'train'], ['metrics']].map(async (words) =>
          (await rig.pipeline(...words).result).stdout.includes('adopted'),
        ),
      );
    expect(await marks()).toEqual([true, true, true]);
    expect((await rig.pipeline('log', 'train').result).stdout).toContain('adopted');
    expect((await rig.pipeline('history').result).stdout).toMatch(/ 1 adopted *$/m);
    expect((await rig.pipeline('history', '--json').result).json).toMatchObject({
      runs: [{ counts: { 'up-to-date': 1, adopted: 0 } }, { counts: { 'up-to-date': 1, adopted: 1 } }],
    });
    expect((await rig.pipeline('explain', 'train', '--json').result).json).toMatchObject({ adopted: true });
    expect((await rig.pipeline('metrics', '--json').result).json).toMatchObject({
      instances: [{ adopted: true, values: { f1: 0.9 } }],
    });
    expect((await runs(rig, train, '--force')).json).toMatchObject({ ran: ['train'] });
    expect(rig.read(out.path)).toBe(computed);
    expect(await marks()).toEqual([false, false, false]);
  });

  test('a stage that gathers an adopted result is told so, and reruns when one is computed', async () => {
    const rig = await createRig();
    await using _ = rig;
    const train = rig.puppet();
    rig.write({
      'pipeline.yaml': {
        name: 'gathering',
        stages: {
          train: { cmd: train.cmd, outs: { scores: out } },
          table: {
            cmd: 'cp "$PIPELINE_CONTEXT" ${outs.shown}',
            deps: { scores: { from: 'train', out: 'scores', gather: true } },
            outs: { shown: 'shown.json' },
          },
        },
      },
      'reports/scores.json': computed,
    });
    const shown = (): unknown => JSON.parse(rig.read('artifacts/gathering/table/shown.json')).deps.scores;
    await rig.pipeline('run', '--adopt', 'train').result;
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['table'] });
    expect(shown()).toEqual([{ axes: {}, path: out.path, adopted: true }]);
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train', 'table'] });
    const verify = rig.pipeline('verify', '--rerun', 'train');
    await (await train.nextStart()).exit(0, { scores: computed });
    expect((await verify.result).code).toBe(0);
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['table'] });
    expect(shown()).toEqual([{ axes: {}, path: out.path }]);
  });

  test('verify --rerun checks an adopted result: an equal one counts as computed', async () => {
    for (const [scores, code, adopted] of [
      [committed, 1, true],
      [computed, 0, false],
    ] as const) {
      const { rig, train } = await clone(scores);
      await using _ = rig;
      await rig.pipeline('run', '--adopt', 'train').result;
      const verify = rig.pipeline('verify', '--rerun', 'train');
      await (await train.nextStart()).exit(0, { scores: computed });
      expect((await verify.result).code).toBe(code);
      expect(rig.read(out.path)).toBe(scores);
      expect((await rig.pipeline('explain', 'train', '--json').result).json).toMatchObject({ adopted });
    }
  });

  test('--adopt of a missing out is a failure that names it, and requires a name', async () => {
    const { rig, train } = await clone(committed);
    await using _ = rig;
    rmSync(join(rig.root, out.path));
    const missing = await rig.pipeline('run', '--adopt', 'train').result;
    expect(missing).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(missing.stderr).toContain(`${out.path} is missing`);
    expect(train.waiting).toBe(0);
    for (const words of [
      ['--adopt'],
      ['--overwrite'],
      ['--adopt', '--overwrite', 'train'],
      ['--adopt', '--force', 'train'],
      ['--overwrite', '--watch', 'train'],
    ])
      expect((await rig.pipeline('run', ...words).result).code, words.join(' ')).toBe(2);
  });
});

describe('files that no run made are never lost', () => {
  test.each(['SIGINT', 'SIGKILL'] as const)(
    'a run that gets %s while the stage writes: existing files are kept, and put back',
    async (signal) => {
      const { rig, train } = await clone(committed);
      await using _ = rig;
      const run = rig.process('run');
      const started = await train.nextStart();
      await started.order('write', { files: { 'out:scores': 'half' } });
      expect(rig.read(aside)).toBe(committed);
      run.kill(signal);
      await run.result;
      await started.gone;
      await rig.pipeline('gc').result;
      expect([rig.read(out.path), rig.exists(aside)]).toEqual([committed, false]);
    },
  );

  test('killed, and the cache removed: the next run reports the kept files and leaves them', async () => {
    const { rig, train } = await clone(committed);
    await using _ = rig;
    const run = rig.process('run');
    const started = await train.nextStart();
    run.kill('SIGKILL');
    await run.result;
    await started.gone;
    rmSync(join(rig.root, 'cache'), { recursive: true });
    const refused = await rig.pipeline('run').result;
    expect(refused.json).toMatchObject({ failed: ['train'] });
    expect(refused.stderr).toContain(`${aside} is what was at ${out.path}`);
    expect(rig.read(aside)).toBe(committed);
    expect(train.waiting).toBe(0);
  });
});
