import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig, type PipelineRun, type Rig } from '../rig/rig.ts';

const waits = (run: PipelineRun, times: number): Promise<void> => run.said('waiting for changes', times);

const copying = (more: object = {}): object => ({
  stages: { a: { cmd: 'cat ${deps.d}/* > ${outs.o}', deps: { d: 'd' }, outs: { o: 'o' }, ...more } },
});
const made = (rig: Rig): string => rig.read('artifacts/pipeline/a/o');

async function ends(run: PipelineRun): Promise<number> {
  run.kill('SIGINT');
  return (await run.result).events.filter(({ kind }) => kind === 'run-started').length;
}

/** What was ended, by whom, in order. */
async function endings(run: PipelineRun): Promise<readonly string[]> {
  run.kill('SIGINT');
  return (await run.result).events.flatMap((event) => {
    if (event.kind === 'cancelled') return [`${event.instance} cancelled: ${event.because}`];
    if (event.kind === 'found-in-place') return event.instances.map((id) => `${id} up-to-date`);
    return event.kind === 'finished' ? [`${event.instance} ${event.outcome.kind}`] : [];
  });
}

describe('invariant 8: events are hints, content decides', () => {
  test('data, pipeline file and folders that return are noticed; equal content runs nothing', async () => {
    await using rig = await createRig();
    rig.write({ 'd/x': 'one', 'pipeline.yaml': copying() });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    expect(made(rig)).toBe('one');

    // Saved by rename, as editors do.
    writeFileSync(join(rig.root, 'd/.x.swp'), 'two');
    renameSync(join(rig.root, 'd/.x.swp'), join(rig.root, 'd/x'));
    await waits(run, 2);
    expect(made(rig)).toBe('two');

    rmSync(join(rig.root, 'd'), { recursive: true });
    await waits(run, 3);
    rig.write({ '../d/x': 'three' });
    renameSync(join(rig.root, '../d'), join(rig.root, 'd'));
    await waits(run, 4);
    expect(made(rig)).toBe('three');
    rig.write({ 'd/x': 'four' });
    await waits(run, 5);
    expect(made(rig)).toBe('four');

    // An invalid file is said once, and waited for.
    rig.write({ 'pipeline.yaml': 'stages: [' });
    await waits(run, 6);
    rig.write({ 'd/x': 'five' });
    rig.write({ 'pipeline.yaml': copying({ description: 'the same' }) });
    await waits(run, 7);
    expect(made(rig)).toBe('five');

    // The same bytes again, a file that nobody reads, ten thousand events: nothing to do.
    rig.write({ 'd/x': 'five', 'notes.txt': 'x' });
    for (let file = 0; file < 10_000; file++) writeFileSync(join(rig.root, 'notes.txt'), `${file}`);
    // An out that was edited is put back.
    rig.write({ 'artifacts/pipeline/a/o': 'edited' });
    await waits(run, 8);
    expect(made(rig)).toBe('five');
    rig.write({ 'd/x': 'six' });
    await waits(run, 9);
    expect(made(rig)).toBe('six');
    expect(await ends(run)).toBe(7);
  }, 180_000);

  test('a stage whose data is edited while it runs is stopped, and restarted at once', async () => {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({
      x: '1',
      y: '1',
      'pipeline.yaml': {
        stages: {
          a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: 'o' } },
          b: { cmd: b.cmd, deps: { y: 'y' }, outs: { o: 'o' } },
        },
      },
    });
    const run = rig.pipeline('run', '--watch', '--jobs', '2');
    const [first, other] = [await a.nextStart(), await b.nextStart()];
    rig.write({ x: '2' });
    await first.gone;
    await (await a.nextStart()).exit(0, { o: 'a' });
    await other.exit(0, { o: 'b' });
    await waits(run, 1);
    // Which of the two ends first is left open.
    expect((await endings(run)).toSorted()).toEqual(['a cancelled: x was changed', 'a ran', 'b ran']);
  });

  test('a stage is stopped when its inputs are out of date, and all of them run again', async () => {
    await using rig = await createRig();
    const b = rig.puppet('b');
    rig.write({
      x: '1',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'cp ${deps.x} ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } },
          b: { cmd: b.cmd, deps: { y: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
        },
      },
    });
    const run = rig.pipeline('run', '--watch');
    const first = await b.nextStart();
    rig.write({ x: '2' });
    await first.gone;
    await (await b.nextStart()).exit(0, { o: 'b' });
    await waits(run, 1);
    expect(await endings(run)).toEqual([
      'a ran',
      'b cancelled: a, which it depends on, is out of date',
      'b interrupted',
      'a ran',
      'b ran',
    ]);
  });

  test('a broken or renamed pipeline file keeps the stage running; removing the stage stops it', async () => {
    await using rig = await createRig();
    const a = rig.puppet('a');
    const text = (name: string, more = ''): string =>
      `${more}stages:\n  ${name}: ${JSON.stringify({ cmd: a.cmd, outs: { o: 'o' } })}\n`;
    rig.write({ 'pipeline.yaml': text('a') });
    const run = rig.pipeline('run', '--watch');
    const started = await a.nextStart();
    rig.write({ 'pipeline.yaml': 'stages: [' });
    await run.said('[yaml-syntax]');
    rig.write({ 'pipeline.yaml': text('renamed', '# a comment\n') });
    await started.exit(0, { o: 'a' });
    await run.said('restored');
    await waits(run, 1);
    rig.write({ 'pipeline.yaml': text('a').replace('"outs"', '"params": { "more": 1 }, "outs"') });
    const second = await a.nextStart();
    rig.write({ 'pipeline.yaml': 'stages: { b: { cmd: [touch, "${outs.o}"], outs: { o: o } } }' });
    await second.gone;
    await run.said('b  done');
    expect(await endings(run)).toEqual([
      'a ran',
      'renamed restored',
      'a cancelled: it is no longer selected',
      'a interrupted',
      'b ran',
    ]);
  });

  test('a comment, an empty line or another description stops nothing', async () => {
    await using rig = await createRig();
    const [a, c] = [rig.puppet('a'), rig.puppet('c')];
    const text = (comment: string): string => `${comment}stages:
  a: { description: ${JSON.stringify(comment)}, cmd: ${JSON.stringify(a.cmd)}, outs: { o: o } }
  b: { cmd: [cp, "\${deps.x}", "\${outs.o}"], params: { some: 1 }, resources: { cpus: 1 }, deps: { x: { from: a, out: o } }, outs: { o: o } }
  c: { cmd: ${JSON.stringify(c.cmd)}, deps: { y: y }, outs: { o: o } }
`;
    rig.write({ y: '1', 'pipeline.yaml': text('') });
    const run = rig.pipeline('run', '--watch', '--jobs', '2');
    const [started, other] = [await a.nextStart(), await c.nextStart()];
    // That the other one is ended says that both edits were seen.
    rig.write({ 'pipeline.yaml': text('# a comment\n\n'), y: '2' });
    await other.gone;
    await (await c.nextStart()).exit(0, { o: 'c' });
    await started.exit(0, { o: 'a' });
    await waits(run, 1);
    expect(await ends(run)).toBe(1);
  });

  test('an edited param of a waiting stage: it never runs with the old one', async () => {
    await using rig = await createRig();
    const [a, c] = [rig.puppet('a'), rig.puppet('c')];
    const pipeline = (offset: number): object => ({
      stages: {
        a: { cmd: a.cmd, outs: { o: 'o' } },
        b: {
          cmd: ['cp', '${deps.x}', '${outs.o}'],
          params: { read: { file: 'x', offset, length: 1 } },
          deps: { x: { from: 'a', out: 'o' } },
          outs: { o: 'o' },
        },
        c: { cmd: c.cmd, deps: { y: 'y' }, outs: { o: 'o' } },
      },
    });
    rig.write({ y: '1', 'pipeline.yaml': pipeline(1) });
    const run = rig.pipeline('run', '--watch', '--jobs', '2');
    const [started, other] = [await a.nextStart(), await c.nextStart()];
    // That the other one is ended says that both edits were seen.
    rig.write({ 'pipeline.yaml': pipeline(2), y: '2' });
    await other.gone;
    await started.exit(0, { o: 'a' });
    await (await c.nextStart()).exit(0, { o: 'c' });
    await waits(run, 1);
    expect((await endings(run)).filter((end) => end.startsWith('b'))).toEqual(['b skipped', 'b ran']);
  });

  test('a failed stage is not retried until something that it depends on changes', async () => {
    await using rig = await createRig();
    rig.write({
      'd/x': 'one',
      'pipeline.yaml': copying({ cmd: 'grep -q two ${deps.d}/x && cp ${deps.d}/x ${outs.o}' }),
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ 'notes.txt': 'x' });
    rig.write({ 'd/x': 'two' });
    await waits(run, 2);
    expect(made(rig)).toBe('two');
    expect(await ends(run)).toBe(2);
  });

  test('a failed stage is not retried because another one runs, and stays failed', async () => {
    await using rig = await createRig();
    rig.write({
      x: '1',
      y: '1',
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: 'echo tried >> ../tries; grep 2 ${deps.x} > ${outs.o}',
            deps: { x: 'x' },
            outs: { o: 'o' },
          },
          b: { cmd: 'cp ${deps.o} ${outs.o}', deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
          c: { cmd: 'cp ${deps.y} ${outs.o}', deps: { y: 'y' }, outs: { o: 'o' } },
        },
      },
    });
    const run = rig.pipeline('run', '--watch', '--jobs', '1');
    await waits(run, 1);
    rig.write({ y: '2' });
    await waits(run, 2);
    expect(rig.read('../tries')).toBe('tried\n');
    await run.said('✗ a  not retried: nothing it depends on has changed since it failed (exit code 1)');
    rig.write({ x: '2' });
    await waits(run, 3);
    expect(rig.read('../tries')).toBe('tried\ntried\n');
    expect(await endings(run)).toEqual([
      'a failed',
      'b blocked',
      'c ran',
      'a failed',
      'b blocked',
      'c ran',
      'c up-to-date',
      'a ran',
      'b ran',
    ]);
  });

  test('a stage that timed out is retried with a longer timeout, which is not in its key', async () => {
    await using rig = await createRig();
    const pipeline = (timeout: number): object => ({
      stages: { a: { cmd: 'test -e ../go || sleep 1000; echo done > ${outs.o}', outs: { o: 'o' }, timeout } },
    });
    rig.write({ 'pipeline.yaml': pipeline(0.5) });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ '../go': '', 'pipeline.yaml': pipeline(1000) });
    await waits(run, 2);
    expect(await endings(run)).toEqual(['a failed', 'a ran']);
  });

  test('a stage with an unreadable input is retried once it can be read', async () => {
    await using rig = await createRig();
    rig.write({ 'd/x': 'one', 'pipeline.yaml': copying() });
    execFileSync('mkfifo', [join(rig.root, 'd/pipe')]);
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rmSync(join(rig.root, 'd/pipe'));
    await waits(run, 2);
    expect(made(rig)).toBe('one');
    expect(await endings(run)).toEqual(['a failed', 'a ran']);
  });

  test('a warning about the pipeline file is reported once, and again when it returns', async () => {
    await using rig = await createRig();
    const pipeline = (more: object = {}): object => ({ ...copying(more), vars: { unused: 1 } });
    rig.write({ 'd/x': 'one', 'pipeline.yaml': pipeline() });
    const run = rig.pipeline('run', '--watch', '--set', 'vars.unused=2');
    await waits(run, 1);
    rig.write({ 'd/x': 'two' });
    await waits(run, 2);
    rig.write({ 'pipeline.yaml': pipeline({ params: { used: '${vars.unused}' } }) });
    await waits(run, 3);
    rig.write({ 'pipeline.yaml': pipeline() });
    await run.said('[unreached-var]', 2);
    run.kill('SIGINT');
    expect(
      (await run.result).events.flatMap((event) =>
        event.kind === 'warned'
          ? [event.diagnostic.code]
          : event.kind === 'finished'
            ? [event.outcome.kind]
            : [],
      ),
    ).toEqual(['unreached-var', 'ran', 'ran', 'ran', 'unreached-var']);
  });

  test('the code of a stage program: its bundle, and a new file that takes precedence', async () => {
    await using rig = await createRig();
    const program =
      `import { writeFileSync } from 'node:fs'; import { text } from './lib/text'; export const ` +
      `stage = { params: {}, deps: [], outs: ['o'], async run({ outs }) { writeFileSync(outs.o, ` +
      'text); } };';
    rig.write({
      'stages/lib/text/index.ts': `export const text = 'one';`,
      'stages/a.ts': program,
      'pipeline.yaml': { stages: { a: { uses: 'stages/a.ts', outs: { o: 'o' } } } },
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ 'stages/a.ts': 'export const stage = {' });
    await waits(run, 2);
    rig.write({ 'stages/a.ts': `// a comment\n${program}` });
    await waits(run, 3);
    rig.write({ 'stages/lib/text/index.ts': `export const text = 'two';` });
    await waits(run, 4);
    expect(made(rig)).toBe('two');
    rig.write({ 'stages/lib/text.ts': `export const text = 'three';` });
    await waits(run, 5);
    expect(made(rig)).toBe('three');
    expect(await endings(run)).toEqual(['a ran', 'a up-to-date', 'a ran', 'a ran']);
  });

  test('an out that is deleted, or its folder, is restored after a file event', async () => {
    await using rig = await createRig();
    rig.write({ 'd/x': 'one', 'pipeline.yaml': copying() });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rmSync(join(rig.root, 'artifacts/pipeline/a/o'), { recursive: true });
    await waits(run, 2);
    expect(made(rig)).toBe('one');
    rmSync(join(rig.root, 'artifacts'), { recursive: true });
    await waits(run, 3);
    expect(made(rig)).toBe('one');
    expect(await endings(run)).toEqual(['a ran', 'a restored', 'a restored']);
  });

  test('files outside the project, or among results, are watched where a dep names them', async () => {
    await using rig = await createRig();
    const text = (file: string): object => ({
      stages: {
        a: {
          cmd: 'cat ${deps.e} ${deps.f} > ${outs.o}',
          deps: { e: { path: file, external: true }, f: 'artifacts/other/f' },
          outs: { o: 'o' },
        },
      },
    });
    const outside = join(rig.root, '../outside');
    rig.write({
      '../outside/x': 'x1',
      '../outside/y': 'y1',
      'artifacts/other/f': 'f1',
      'pipeline.yaml': text(join(outside, 'x')),
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ '../outside/x': 'x2' });
    await waits(run, 2);
    expect(made(rig)).toBe('x2f1');
    rig.write({ 'pipeline.yaml': text(join(outside, 'y')) });
    await waits(run, 3);
    rig.write({ '../outside/y': 'y2' });
    await waits(run, 4);
    rig.write({ 'artifacts/other/f': 'f2' });
    await waits(run, 5);
    expect(made(rig)).toBe('y2f2');
    await endings(run);
  });

  test('an uncached stage and its dependents each rerun for their own reason', async () => {
    await using rig = await createRig();
    rig.write({
      x: '1',
      y: '1',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'cp ${deps.x} ${outs.o}', cache: false, deps: { x: 'x' }, outs: { o: 'o' } },
          b: {
            cmd: 'cat ${deps.o} ${deps.y} > ${outs.p}',
            deps: { o: { from: 'a', out: 'o' }, y: 'y' },
            outs: { p: 'p' },
          },
        },
      },
    });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    rig.write({ y: '2' });
    await waits(run, 2);
    expect(rig.read('artifacts/pipeline/b/p')).toBe('12');
    expect(await endings(run)).toEqual(['a ran', 'b ran', 'a ran', 'b ran']);
  });

  test('with --only, inputs are used as they are', async () => {
    await using rig = await createRig();
    rig.write({
      x: '1',
      y: '1',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'cp ${deps.x} ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } },
          b: {
            cmd: 'cat ${deps.o} ${deps.y} > ${outs.p}',
            deps: { o: { from: 'a', out: 'o' }, y: 'y' },
            outs: { p: 'p' },
          },
        },
      },
    });
    await rig.pipeline('run').result;
    const run = rig.pipeline('run', '--watch', '--only', 'b');
    await waits(run, 1);
    rig.write({ x: '2', y: '2' });
    await waits(run, 2);
    expect(rig.read('artifacts/pipeline/b/p')).toBe('12');
    expect(await endings(run)).toEqual(['b up-to-date', 'b ran']);
  });

  test('while it waits, other commands work, and the cache may be deleted', async () => {
    await using rig = await createRig();
    rig.write({ 'd/x': 'one', 'pipeline.yaml': copying() });
    const run = rig.pipeline('run', '--watch');
    await waits(run, 1);
    expect(await rig.pipeline('run').result).toMatchObject({ code: 0, json: { 'up-to-date': ['a'] } });
    expect(await rig.pipeline('status').result).toMatchObject({ code: 0 });
    rmSync(join(rig.root, 'cache'), { recursive: true });
    rig.write({ 'd/x': 'two' });
    await waits(run, 2);
    expect(await rig.pipeline('run').result).toMatchObject({ code: 0, json: { 'up-to-date': ['a'] } });
    await endings(run);
  });

  test('it waits for another run in progress', async () => {
    await using rig = await createRig();
    const a = rig.puppet('a');
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
    const other = rig.process('run');
    const started = await a.nextStart();
    const run = rig.pipeline('run', '--watch');
    await run.said(`another run is in progress (pid ${other.pid}, started `);
    await run.said('waiting for it to finish');
    await started.exit(0, { o: 'a' });
    await waits(run, 1);
    expect(await endings(run)).toEqual(['a up-to-date']);
  });

  test('the first signal stops stages gracefully, the second forcibly', async () => {
    await using rig = await createRig();
    const a = rig.puppet('a');
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
    const graceful = rig.process('run', '--watch');
    const first = await a.nextStart();
    graceful.kill('SIGINT');
    await first.gone;
    expect(await graceful.result).toMatchObject({ code: 130 });
    const hard = rig.process('run', '--watch');
    await (await a.nextStart()).order('ignoreTerm');
    hard.kill('SIGINT');
    await hard.said('Ctrl-C again');
    hard.kill('SIGINT');
    expect(await hard.result).toMatchObject({ code: 130 });
    const waiting = rig.process('run', '--watch');
    await (await a.nextStart()).exit(0, { o: 'a' });
    await waits(waiting, 1);
    waiting.kill('SIGTERM');
    expect(await waiting.result).toMatchObject({ code: 143 });
  });
});
