import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, cpSync, existsSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endFamily, marked } from '../../src/runner/executors/local/processes.ts';
import { stageMark } from '../../src/runner/executors/local/stage-mark.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { programs } from '../rig/build-programs.ts';
import { createRig, processesWith, until } from '../rig/rig.ts';

const oneStage = (cmd: readonly string[], more: object = {}): object => ({
  stages: { train: { cmd, outs: { m: 'm' }, ...more } },
});

describe('invariant 7: no process outlives its run', () => {
  test('kill -9 of the runner alone: the supervisor ends the stage and its children', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('background');
    run.kill('SIGKILL');
    await run.result;
    await started.gone;
    await until(() => rig.survivors().length === 0, 8_000);
  });

  test.each<[string, Readonly<Record<string, boolean>>, boolean]>([
    ['a grandchild in a session of its own', { session: true }, false],
    ['one that cleared its environment too', { session: true, bare: true }, false],
    [
      'one that cleared its environment, the cache being a link to another place,',
      { session: true, bare: true },
      true,
    ],
  ])('%s ends with its stage', async (_, how, isLinked) => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd), ...(isLinked ? { '../elsewhere/keep': '' } : {}) });
    if (isLinked) symlinkSync('../elsewhere', join(rig.root, 'cache'));
    const run = rig.process('run');
    const started = await train.nextStart();
    const grandchild = Number(await started.order('background', how));
    await started.exit(0, { m: 'weights' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.survivors()).toEqual([]);
    // One that is dead and not yet waited for has no program.
    expect(existsSync(`/proc/${grandchild}/exe`)).toBe(false);
  });

  test('a process that only writes to a file among the logs does not belong to a stage', async () => {
    await using rig = await createRig();
    rig.write({ 'cache/logs/mine.txt': '', 'cache/logs/run/notes.txt': '', 'cache/logs/run/1.txt': '' });
    const printing = (path: string): ChildProcess => {
      const file = openSync(join(rig.root, path), 'a');
      const child = spawn(process.execPath, ['-e', "console.log('ready'); setInterval(() => {}, 1000)"], {
        detached: true,
        env: {},
        stdio: ['ignore', file, file],
      });
      closeSync(file);
      return child;
    };
    const [mine, notes, stray] = [
      printing('cache/logs/mine.txt'),
      printing('cache/logs/run/notes.txt'),
      printing('cache/logs/run/1.txt'),
    ];
    try {
      const mark = stageMark({ root: rig.root, disk: workspaceDisk });
      expect(marked(mark)).toEqual([stray.pid]);
    } finally {
      for (const child of [mine, notes, stray]) child.kill('SIGKILL');
    }
  });

  test('supervisor and runner killed at once: the next run reaps the rest', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('ignoreTerm');
    const supervisor = Number(
      /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${started.pid}/status`, 'utf8'))?.[1],
    );
    process.kill(supervisor, 'SIGSTOP');
    run.kill('SIGKILL');
    await run.result;
    process.kill(supervisor, 'SIGKILL');
    expect(rig.survivors()).toEqual([started.pid]);
    const again = rig.process('run');
    await started.gone;
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
  });

  test('the supervisor killed: its stages end, and the run reports it', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    process.kill(
      Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${started.pid}/status`, 'utf8'))?.[1]),
      'SIGKILL',
    );
    await started.gone;
    expect(await run.result).toMatchObject({ code: 1, json: { failed: ['train'] } });
  });

  test('a background process that holds stdout and the event descriptor does not delay the run', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('background');
    await started.exit(0, { m: 'weights' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
  });

  test('a stage that closes its stdout continues', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('closeOutput');
    await started.exit(0, { m: 'weights' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
  });

  test('a stage that exceeds its timeout is ended with all its processes', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd, { timeout: 1 }) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('background');
    const result = await run.result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(result.stderr).toContain('timed out after 1.0 s');
    expect(rig.survivors()).toEqual([]);
  });
});

describe('other processes on the machine', () => {
  test('a run in a copy of a project leaves the run of the original alone', async () => {
    await using original = await createRig();
    const train = original.puppet();
    original.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = original.process('run');
    const started = await train.nextStart();
    await using copy = await createRig();
    cpSync(original.root, copy.root, { recursive: true });
    const other = copy.process('run');
    await (await train.nextStart()).exit(0, { m: 'of the copy' });
    expect((await other.result).json).toMatchObject({ ran: ['train'] });
    await started.exit(0, { m: 'of the original' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
    expect(original.read('artifacts/pipeline/train/m')).toBe('of the original');
  });

  test('a process family is ended by its mark where its group is unknown', async () => {
    const mark = `PIPELINE_MARK=${randomUUID()}`;
    const child = spawn(
      process.execPath,
      ['-e', "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)"],
      { detached: true, env: Object.fromEntries([mark.split('=')]), stdio: ['ignore', 'pipe', 'ignore'] },
    );
    await once(child.stdout, 'data');
    await endFamily({ group: undefined, mark: { environment: mark, output: '/nowhere' } }, 0);
    expect(processesWith(mark)).toEqual([]);
  });
});

describe('the output of a run', () => {
  test('is not read by anybody: the run continues', async () => {
    await using rig = await createRig();
    const { main } = await programs();
    rig.write({ 'pipeline.yaml': oneStage(['sh', '-c', 'echo > "$0"', '${outs.m}']) });
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [main, 'run', '--events', '/dev/full'], {
      cwd: rig.root,
      stdio: ['ignore', 'ignore', full],
    });
    closeSync(full);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect((await rig.process('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });

  test('that cannot be written is a failure, even though the stages succeeded', async () => {
    await using rig = await createRig();
    const { main } = await programs();
    rig.write({ 'pipeline.yaml': oneStage(['sh', '-c', 'echo > "$0"', '${outs.m}']) });
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [main, 'run', '--json'], {
      cwd: rig.root,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect((await rig.process('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });
});

describe('Ctrl-C', () => {
  test('a stopped stage (Ctrl-Z, a debugger) gets the signal too', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('onTermWrite', { files: { 'scratch:checkpoint': 'step 7' } });
    process.kill(started.pid, 'SIGSTOP');
    run.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, json: { interrupted: ['train'] } });
    expect(rig.read(`${started.context.scratch}/checkpoint`)).toBe('step 7');
  });

  test('once: the stage is asked to end and writes its checkpoint, which the next run finds', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('onTermWrite', { files: { 'scratch:checkpoint': 'step 7', 'out:m': 'half done' } });
    run.kill('SIGINT');
    const result = await run.result;
    expect(result).toMatchObject({ code: 130, json: { interrupted: ['train'], ran: [] } });
    expect(rig.exists('artifacts/pipeline/train/m')).toBe(false);
    const again = rig.process('run');
    const resumed = await train.nextStart();
    expect(await resumed.order('read', { path: 'scratch:checkpoint' })).toBe('step 7');
    await resumed.exit(0, { m: 'weights' });
    expect((await again.result).events).toContainEqual(
      expect.objectContaining({ kind: 'started', resumed: true, because: [{ kind: 'interrupted-before' }] }),
    );
    expect(rig.exists(resumed.context.scratch)).toBe(false);
  });

  test('twice: a stage that ignores signals is killed', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('ignoreTerm');
    run.kill('SIGINT');
    await until(
      () => readFileSync(join(rig.root, '../events-1.ndjson'), 'utf8').includes('interrupting'),
      5_000,
    );
    run.kill('SIGINT');
    await started.gone;
    expect(await run.result).toMatchObject({ code: 130, json: { interrupted: ['train'] } });
  });

  test('SIGTERM: the stage is killed after five seconds', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('ignoreTerm');
    run.kill('SIGTERM');
    await started.gone;
    expect(await run.result).toMatchObject({ code: 143, json: { interrupted: ['train'] } });
  });
});

describe('the output of a stage', () => {
  test('is kept whole in its log, and its last 40 lines are shown on failure', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    for (const part of [0, 1])
      await started.order('print', {
        text: Array.from({ length: 50 }, (_, line) => `line ${part * 50 + line}\n`).join(''),
      });
    await started.exit(3);
    const result = await run.result;
    expect(result.stderr).toContain('exit code 3');
    expect(result.stderr).not.toContain('line 59\n');
    expect(result.stderr).toMatch(/line 60\n(.*\n)*.*line 99\n/);
    expect((await rig.process('log', 'train').result).stdout).toContain('line 0\n');
  });

  test('of several gigabytes does not increase the memory of the runner', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('print', { text: `${'x'.repeat((1 << 20) - 1)}\n`, times: 1024 });
    const peak = Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'))?.[1]);
    await started.exit(0, { m: 'weights' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
    expect(peak).toBeLessThan(150_000);
  });

  test('on the event descriptor: messages are reported, malformed lines counted and ignored', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd) });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('event', {
      line: JSON.stringify({ kind: 'metric', step: 1, values: { loss: 2.5 } }),
    });
    for (const line of [
      'not json',
      '[]',
      '{"kind":"progress"}',
      '{"kind":"exit"}',
      JSON.stringify({ kind: 'log', text: 'x'.repeat(1 << 17) }),
    ])
      await started.order('event', { line });
    await started.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result.events.filter((event) => event.kind === 'message').map((event) => event.message)).toEqual([
      { kind: 'metric', step: 1, values: { loss: 2.5 } },
    ]);
    expect(result.warnings).toEqual(['bad-message']);
  });

  test('a stage gets only the named variables, and a fixed language and time zone', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': oneStage(train.cmd, { env: ['HASHED'], passEnv: ['USER_SECRET'] }) });
    process.env['HASHED'] = '1';
    process.env['UNNAMED'] = '1';
    const run = rig.process('run');
    const started = await train.nextStart();
    const environment = await started.order('environment');
    await started.exit(0, { m: 'weights' });
    await run.result;
    expect(
      Object.keys(environment ?? {})
        .filter((name) => !['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'].includes(name))
        .sort(),
    ).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'HASHED',
      'LANG',
      'ORT_DISABLE_TELEMETRY',
      'PIPELINE_CONTEXT',
      'PIPELINE_EVENTS',
      'TZ',
    ]);
  });
});
