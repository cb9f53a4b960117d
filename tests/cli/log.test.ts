import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig } from '../rig/rig.ts';

const untimed = (text: string): string =>
  text
    .replaceAll(/\d\d:\d\d:\d\d/g, '00:00:00')
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{4}/g, 'RUN')
    .replaceAll(/\d+\.\d s/g, '0.0 s');

describe('pipeline log', () => {
  test('a pipeline file after -f, which is --follow here, is answered by --file', async () => {
    await using rig = await createRig();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: ['true'] } } } });
    for (const words of [
      ['-f', 'my pipeline.yaml', 'a'],
      ['a', '-f', 'my pipeline.yaml'],
      ['-f', 'my pipeline.yaml'],
    ]) {
      const { code, stderr } = await rig.pipeline('log', ...words).result;
      expect([code, stderr], words.join(' ')).toEqual([
        2,
        "error: -f is --follow in this command: name the pipeline file with --file 'my pipeline.yaml'\n",
      ]);
    }
    expect(await rig.pipeline('log', 'a', 'b').result).toMatchObject({
      code: 2,
      stderr: 'error: expected one instance, but got 2: a b\n',
    });
  });

  test('shows a reported failure, its warnings and output; while running, everything so far', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
    const run = rig.pipeline('run');
    const started = await a.nextStart();
    await started.order('print', { text: 'no line end' });
    const soFar = '00:00:00  attempt 1\n          because: no result yet\n';
    expect(untimed((await rig.pipeline('log', 'a').result).stdout)).toBe(
      `a in run RUN\n${soFar}output (cache/logs/RUN/1.txt):\nno line end\n`,
    );
    for (const message of [
      { kind: 'warning', text: 'a row is empty' },
      { kind: 'failure', text: 'no rows:\nsee data/raw' },
    ])
      await started.order('event', { line: JSON.stringify(message) });
    await started.exit(1);
    await run.result;
    expect(untimed((await rig.pipeline('log', 'a').result).stdout)).toBe(
      `a in run RUN\n${soFar}00:00:00  warning: a row is empty\noutput (cache/logs/RUN/1.txt):\n` +
        `no line end\n00:00:00  failed after 0.0 s: no rows:\n          see data/raw\n`,
    );
  });

  test('--follow shows output and messages of a running instance in order, and ends with it', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
    const run = rig.pipeline('run');
    const started = await a.nextStart();
    await started.order('print', { text: 'first\n' });
    const { main } = await programs();
    const following = spawn(process.execPath, [main, 'log', '--follow', 'a'], { cwd: rig.root });
    let shown = '';
    const saw = async (text: string): Promise<void> => {
      while (!shown.includes(text)) {
        const [chunk] = await once(following.stdout, 'data');
        shown += String(chunk);
      }
    };
    await saw('first\n');
    await started.order('print', { text: 'no line end' });
    await saw('no line end');
    await started.order('event', { line: JSON.stringify({ kind: 'warning', text: 'a row is empty' }) });
    await saw('a row is empty\n');
    following.stdout.on('data', (chunk) => {
      shown += String(chunk);
    });
    const ended = once(following, 'close');
    await started.exit(0, { o: 'o' });
    await run.result;
    expect(await ended).toEqual([0, null]);
    expect(untimed(shown)).toBe(
      'a in run RUN\n00:00:00  attempt 1\n          because: no result yet\n' +
        'output (cache/logs/RUN/1.txt):\nfirst\nno line end\n00:00:00  warning: a row is empty\n' +
        '00:00:00  done in 0.0 s\n',
    );
    // Of an instance that has ended, it is the log.
    expect((await rig.pipeline('log', '-f', 'a').result).code).toBe(0);
  });

  test('says that the run of an unfinished attempt was killed, and --follow ends with that', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { o: 'o' } } } } });
    const run = rig.process('run');
    const started = await a.nextStart();
    await started.order('print', { text: 'no line end' });
    const followed = rig.pipeline('log', '--follow', 'a');
    await followed.printed(/no line end/);
    run.kill('SIGKILL');
    await started.gone;
    await run.result;
    const log = untimed((await rig.pipeline('log', 'a').result).stdout);
    expect(log).toBe(
      'a in run RUN\n00:00:00  attempt 1\n          because: no result yet\n' +
        'output (cache/logs/RUN/1.txt):\nno line end\ninterrupted: the run was killed\n',
    );
    expect(untimed((await followed.result).stdout)).toBe(log);
  });

  test('shows why an instance was not started; a restored result hides no attempt', async () => {
    await using rig = await createRig();
    const copying = (from: string) => ({
      cmd: 'cat ${deps.o} > ${outs.o}',
      deps: { o: { from, out: 'o' } },
      outs: { o: 'o' },
    });
    rig.write({
      x: '1',
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: 'test $(cat ${deps.x}) != 2 && echo ran > ${outs.o}',
            deps: { x: 'x' },
            outs: { o: 'o' },
          },
          b: copying('a'),
          c: copying('b'),
        },
      },
    });
    const log = async (name: string): Promise<string> =>
      untimed((await rig.pipeline('log', name).result).stdout);
    await rig.pipeline('run', '--only', 'c').result;
    expect(await log('c')).toBe(
      'c in run RUN\n00:00:00  failed after 0.0 s: artifacts/pipeline/b/o is missing, and no ' +
        'result of b is in the cache: compute it with `pipeline run b`\n',
    );
    rig.write({ x: '2' });
    await rig.pipeline('run').result;
    expect(await log('b')).toBe('b in run RUN\n00:00:00  not started: a failed\n');
    rig.write({ x: '1' });
    await rig.pipeline('run').result;
    expect(await log('c')).toMatch(/^c in run RUN\n00:00:00 {2}restored/);
    rig.write({ 'artifacts/pipeline/b/o': 'edited' });
    await rig.pipeline('run').result;
    expect(await log('b')).toContain('attempt 1\n');
  });

  test('refuses ambiguous names; an instance that never ran is reported as such', async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': { stages: { a: { matrix: { x: [1, 2] }, cmd: ['true'], outs: { o: 'o' } } } },
    });
    for (const command of ['log', 'explain'])
      expect(await rig.pipeline(command, 'a').result).toMatchObject({
        code: 2,
        stderr: 'error: "a" selects 2 instances, expected one: a[1], a[2] [many-instances]\n',
      });
    expect(await rig.pipeline('log', 'a:1').result).toMatchObject({ code: 1, stderr: 'a:1 has not run\n' });
  });
});
