import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openProject } from '../../src/runner/project.ts';
import { withResolvers } from '../../src/runner/schedule/with-resolvers.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { helpersHere } from '../rig/helpers-here.ts';
import { createRig, until } from '../rig/rig.ts';
import { sixteenAtOnce } from '../rig/sixteen-at-once.ts';
import { wholeRun } from '../rig/whole-run.ts';

const seen = (rig: { readonly root: string }, text: string): boolean =>
  existsSync(join(rig.root, '../events-1.ndjson')) &&
  readFileSync(join(rig.root, '../events-1.ndjson'), 'utf8').includes(text);

const three = (a: readonly string[], b: readonly string[]): object => ({
  stages: {
    a: { cmd: a, outs: { m: 'm' } },
    b: { cmd: b, outs: { m: 'm' } },
    c: { cmd: ['cp', '${deps.a}', '${outs.m}'], deps: { a: { from: 'a', out: 'm' } }, outs: { m: 'm' } },
    d: { cmd: ['cp', '${deps.b}', '${outs.m}'], deps: { b: { from: 'b', out: 'm' } }, outs: { m: 'm' } },
  },
});

describe('failures', () => {
  test('without --keep-going running instances may finish, and no more are started', async () => {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({ 'pipeline.yaml': three(a.cmd, b.cmd) });
    const run = rig.pipeline('run', '--jobs', '2');
    const [startedA, startedB] = await Promise.all([a.nextStart(), b.nextStart()]);
    await startedA.exit(1);
    await until(() => seen(rig, '"failed"'), 5_000);
    await startedB.exit(0, { m: 'b' });
    expect(await run.result).toMatchObject({
      code: 1,
      json: { failed: ['a'], ran: ['b'], blocked: ['c'], skipped: ['d'] },
    });
    const again = rig.pipeline('run');
    await (await a.nextStart()).exit(0, { m: 'a' });
    expect((await again.result).json).toMatchObject({ ran: ['a', 'c', 'd'], 'up-to-date': ['b'] });
  });

  test('nor are instances that wait for resources', async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          a: { matrix: { n: [1, 2, 3, 4] }, cmd: 'test ${n} != 1 && touch ${outs.o}', outs: { o: 'o' } },
        },
      },
    });
    expect((await rig.pipeline('run', '--jobs', '1').result).json).toMatchObject({
      failed: ['a[1]'],
      ran: [],
      skipped: ['a[2]', 'a[3]', 'a[4]'],
    });
  });

  test('with --keep-going all that can run does; the others name what blocks them', async () => {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({ 'pipeline.yaml': three(a.cmd, b.cmd) });
    const run = rig.pipeline('run', '--keep-going');
    await (await a.nextStart()).exit(1);
    await (await b.nextStart()).exit(0, { m: 'b' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['a'], ran: ['b', 'd'], blocked: ['c'] } });
    expect(result.events).toContainEqual(
      expect.objectContaining({ kind: 'finished', instance: 'c', outcome: { kind: 'blocked', by: 'a' } }),
    );
    const retry = rig.pipeline('run', '--retry-failed');
    await (await a.nextStart()).exit(0, { m: 'a' });
    expect((await retry.result).json).toMatchObject({ ran: ['a', 'c'] });
  });

  test('an instance named like the folder of a failed attempt keeps its outs', async () => {
    await using rig = await createRig();
    const stage = {
      matrix: { x: ['a', 'a.failed', 'A.FAILED!'] },
      cmd: 'echo ${x} > ${outs.o}; test ${x} != a',
      outs: { o: 'o' },
    };
    rig.write({ 'pipeline.yaml': { stages: { t: stage } } });
    const first = await rig.pipeline('run', '--keep-going').result;
    expect(first.json).toMatchObject({ failed: ['t[a]'], ran: ['t[a%2Efailed]', 't[A.FAILED%21]'] });
    expect(rig.read('artifacts/pipeline/t/a.failed/o')).toBe('a\n');
    expect(rig.read('artifacts/pipeline/t/a%2Efailed/o')).toBe('a.failed\n');
    rig.write({ 'pipeline.yaml': { stages: { t: { ...stage, cmd: 'echo ${x} > ${outs.o}' } } } });
    expect((await rig.pipeline('run', 't[a]').result).json).toMatchObject({ ran: ['t[a]'] });
    expect(rig.read('artifacts/pipeline/t/a%2Efailed/o')).toBe('a.failed\n');
    expect((await rig.pipeline('run', 't[a.failed]').result).json).toMatchObject({ ran: ['t[a%2Efailed]'] });
  });

  test('blocked instances name the failure that blocks them, a skipped one is not a failure', async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'false', outs: { m: 'm' } },
          b: {
            cmd: ['cp', '${deps.m}', '${outs.m}'],
            deps: { m: { from: 'a', out: 'm' } },
            outs: { m: 'm' },
          },
          c: {
            cmd: ['cp', '${deps.m}', '${outs.m}'],
            deps: { m: { from: 'b', out: 'm' } },
            outs: { m: 'm' },
          },
        },
      },
    });
    const { stderr } = await rig.pipeline('run').result;
    expect(stderr).toMatch(/b {2}.*\ba\b/);
    expect(stderr).toMatch(/c {2}.*\ba\b/);
  });

  test('retries wait longer each time, and Ctrl-C ends the wait', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { m: 'm' }, retries: 9 } } } });
    const run = rig.process('run');
    for (let attempt = 1; attempt <= 3; attempt++) await (await a.nextStart()).exit(1);
    await until(() => readFileSync(run.eventFile, 'utf8').split('"retrying"').length === 4, 10_000);
    run.kill('SIGINT');
    const result = await run.result;
    expect(result).toMatchObject({ code: 130, json: { failed: ['a'] } });
    expect(result.events.flatMap((event) => (event.kind === 'retrying' ? [event.delaySeconds] : []))).toEqual(
      [1, 2, 4],
    );
    expect(a.waiting).toBe(0);
  });

  test('retries: the failure of another instance ends the wait before the next attempt', async () => {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({
      'pipeline.yaml': {
        stages: { a: { cmd: a.cmd, outs: { m: 'm' }, retries: 1 }, b: { cmd: b.cmd, outs: { m: 'm' } } },
      },
    });
    const project = await openProject(
      { folder: rig.root },
      {
        disk: workspaceDisk,
        helpers: await helpersHere(),
        environment: process.env,
        now: () => process.hrtime.bigint(),
        retryDelay: () => 3600,
      },
    );
    const never = new AbortController().signal;
    const waits = withResolvers<void>();
    const run = project.run(
      { ...wholeRun, jobs: 2 },
      ({ kind }) => {
        if (kind === 'retrying') waits.resolve();
      },
      { graceful: never, hard: never },
    );
    const [startedA, startedB] = await Promise.all([a.nextStart(), b.nextStart()]);
    await startedA.exit(1);
    await waits.promise;
    await startedB.exit(1);
    const ran = await run;
    project.close();
    expect(ran.ok && [...ran.value.outcomes].map(([id, { kind }]) => [id, kind])).toEqual([
      ['a', 'failed'],
      ['b', 'failed'],
    ]);
    expect(a.waiting).toBe(0);
  });

  test('retries: the stage is retried, with the number of the attempt', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { m: 'm' }, retries: 1 } } } });
    const run = rig.pipeline('run');
    await (await a.nextStart()).exit(1);
    await (await a.nextStart()).exit(0, { m: 'a' });
    const result = await run.result;
    expect(result.json).toMatchObject({ ran: ['a'], failed: [] });
    expect(result.events.filter(({ kind }) => kind === 'retrying')).toHaveLength(1);
    expect(result.stderr).toContain('↻ a  exit code 1; attempt 2 in 1.0 s\n');
  });

  test('retries: what blocks a start would block the next, which is not made', async () => {
    await using rig = await createRig();
    rig.write({
      'result.txt': 'mine',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo a > ${outs.r}', outs: { r: { path: 'result.txt', workspace: true } }, retries: 9 },
        },
      },
    });
    const result = await rig.pipeline('run').result;
    expect(result.json).toMatchObject({ failed: ['a'] });
    expect(result.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
  });

  test('--retry-failed takes unfinished instances of any earlier run, not only the last', async () => {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({
      'pipeline.yaml': {
        stages: { b: { cmd: b.cmd, outs: { m: 'm' } }, a: { cmd: a.cmd, outs: { m: 'm' } } },
      },
    });
    const interrupt = async (puppet: typeof a, ...words: readonly string[]) => {
      const run = rig.process('run', '--jobs', '1', ...words);
      await puppet.nextStart();
      run.kill('SIGINT');
      return (await run.result).json;
    };
    expect(await interrupt(a, 'a')).toMatchObject({ interrupted: ['a'] });
    expect(await interrupt(b)).toMatchObject({ interrupted: ['b'], skipped: ['a'] });
    expect((await rig.pipeline('status').result).stdout.match(/interrupted {2}/g)).toHaveLength(2);
    const retry = rig.pipeline('run', '--retry-failed');
    for (const puppet of [a, b]) await (await puppet.nextStart()).exit(0, { m: '' });
    expect((await retry.result).json).toMatchObject({ ran: ['b', 'a'] });
  });
});

describe('invariant 6: one writer, one computation of a key', () => {
  test('a second run exits with 3 at once and names the holder; --wait waits; readers read', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { m: 'm' } } } } });
    const run = rig.process('run');
    const started = await a.nextStart();
    const second = await rig.process('run').result;
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(String(run.pid));
    expect(second.stderr).toContain('; wait for it with `--wait`\n');
    expect((await rig.process('run', '--wait', '0.1').result).stderr).toContain(
      '; it did not finish within 0.1 s (without a number, `--wait` has no limit)\n',
    );
    expect((await rig.process('gc').result).stderr).toContain('; try again when it has finished\n');
    expect((await rig.process('status').result).stdout).toContain('running');
    expect((await rig.process('history').result).code).toBe(0);
    const waiting = rig.process('run', '--wait');
    await started.exit(0, { m: 'a' });
    expect((await run.result).json).toMatchObject({ ran: ['a'] });
    expect((await waiting.result).json).toMatchObject({ ran: [], 'up-to-date': ['a'] });
  });

  test('sixteen runs at once: each stage is executed once', async () => {
    await sixteenAtOnce(1);
  });

  test('a killed process holds no lock', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: a.cmd, outs: { m: 'm' } } } } });
    const run = rig.process('run');
    await a.nextStart();
    run.kill('SIGKILL');
    await run.result;
    const again = rig.pipeline('run');
    await (await a.nextStart()).exit(0, { m: 'a' });
    expect((await again.result).json).toMatchObject({ ran: ['a'] });
  });

  test('instances with equal manifests wait for one process, whatever their stages are called', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    const stage = { cmd: a.cmd, outs: { m: 'm' } };
    rig.write({ 'pipeline.yaml': { stages: { a: stage, b: stage, c: stage } } });
    const run = rig.pipeline('run', '--jobs', '3');
    await (await a.nextStart()).exit(0, { m: 'a' });
    expect((await run.result).json).toMatchObject({ ran: ['a'], restored: ['b', 'c'] });
    rig.write({ 'experiments/other.yaml': { stages: { d: stage } } });
    expect((await rig.pipeline('run', '-f', 'experiments/other.yaml').result).json).toMatchObject({
      restored: ['d'],
      ran: [],
    });
    expect(a.waiting).toBe(0);
  });

  test('instances with equal manifests fail once', async () => {
    await using rig = await createRig();
    const a = rig.puppet();
    const stage = { cmd: a.cmd, outs: { m: 'm' } };
    rig.write({ 'pipeline.yaml': { stages: { a: stage, b: stage } } });
    const run = rig.pipeline('run', '--keep-going', '--jobs', '2');
    await (await a.nextStart()).exit(1);
    expect((await run.result).json).toMatchObject({ failed: ['a', 'b'] });
  });
});

const chain = (text: string): object => ({
  stages: {
    a: { cmd: `head -c 1 \${deps.x} > \${outs.o}; : ${text}`, deps: { x: 'x' }, outs: { o: 'o' } },
    b: { cmd: 'cat ${deps.o} ${deps.o} > ${outs.o}', deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
    c: { cmd: ['cp', '${deps.o}', '${outs.o}'], deps: { o: { from: 'b', out: 'o' } }, outs: { o: 'o' } },
  },
});

/** A stage that writes the name of each of its outs into it. */
const naming = (...outs: readonly string[]): object => ({
  stages: {
    a: {
      cmd: outs.map((name) => `echo ${name} > \${outs.${name}}`).join(';'),
      outs: Object.fromEntries(outs.map((name) => [name, name])),
    },
  },
});

/** A stage that writes where it likes. */
const writing = (text: string): object => ({
  stages: { a: { cmd: `echo ${text} > result.txt`, outs: { m: { path: 'result.txt', workspace: true } } } },
});

describe('what triggers a rerun', () => {
  test('early cutoff: a stage that reproduces its bytes stops its dependents', async () => {
    await using rig = await createRig();
    rig.write({ x: 'a1', 'pipeline.yaml': chain('') });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a', 'b', 'c'] });
    rig.write({ x: 'a2' });
    expect(JSON.parse((await rig.pipeline('run', '--dry-run', '--json').result).stdout)).toMatchObject({
      'will-run': ['a'],
      'may-run': ['b', 'c'],
    });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'], 'up-to-date': ['b', 'c'] });
    rig.write({ x: 'b' });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a', 'b', 'c'] });
    rig.write({ x: 'a1' });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [], restored: ['a', 'b', 'c'] });
  });

  test('--only uses inputs as they are: missing ones are restored, others reported', async () => {
    await using rig = await createRig();
    rig.write({ x: 'a', 'pipeline.yaml': chain('') });
    const missing = await rig.pipeline('run', '--only', 'b').result;
    expect(missing).toMatchObject({ code: 1, json: { failed: ['b'] } });
    expect(missing.stderr).toContain('compute it with `pipeline run a`');
    await rig.pipeline('run', 'a').result;
    rmSync(join(rig.root, 'artifacts'), { recursive: true });
    expect((await rig.pipeline('run', '--only', 'b').result).json).toMatchObject({ ran: ['b'] });
    rig.write({ x: 'q' });
    const old = await rig.pipeline('run', '--only', 'b', 'c').result;
    expect(old.json).toMatchObject({ 'up-to-date': ['b'], ran: ['c'] });
    expect(old.warnings).toEqual(['out-of-date']);
    expect(rig.read('artifacts/pipeline/c/o')).toBe('aa');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a', 'b', 'c'] });
    expect(rig.read('artifacts/pipeline/c/o')).toBe('qq');
  });

  test('--only restores missing inputs that another pipeline of the project made', async () => {
    await using rig = await createRig();
    rig.write({
      x: 'a',
      'pipeline.yaml': chain(''),
      'other.yaml': { name: 'other', extends: 'pipeline.yaml' },
    });
    await rig.pipeline('run', 'a').result;
    const only = await rig.pipeline('run', '--file', 'other.yaml', '--only', 'b').result;
    expect(only.json).toMatchObject({ ran: ['b'], failed: [] });
    expect(rig.read('artifacts/other/a/o')).toBe('a');
  });

  test('--only with many out-of-date inputs reports them once, with how to update', async () => {
    await using rig = await createRig();
    rig.write({
      x: '1',
      'pipeline.yaml': {
        stages: {
          a: {
            matrix: { n: [1, 2, 3, 4, 5] },
            cmd: 'cat ${deps.x} > ${outs.o}',
            deps: { x: 'x' },
            outs: { o: 'o' },
          },
          b: {
            cmd: 'cat ${deps.all} > ${outs.o}',
            deps: { all: { from: 'a', out: 'o', gather: true } },
            outs: { o: 'o' },
          },
        },
      },
    });
    await rig.pipeline('run').result;
    rig.write({ x: '2' });
    const { stderr, json, warnings } = await rig.pipeline('run', '--only', 'b').result;
    expect({ json, warnings }).toMatchObject({ json: { 'up-to-date': ['b'] }, warnings: ['out-of-date'] });
    expect(stderr).toContain('using out-of-date outputs of 5 instances: a[1], a[2], a[3] and 2 more');
    expect(stderr).toContain('help: update them with `pipeline run a`');
    expect(stderr).toContain('✓ everything named is up to date with its current inputs: 1 instance');
  });

  test('--force reruns only what is named; --from and --until select parts of the graph', async () => {
    await using rig = await createRig();
    rig.write({ x: 'a', 'pipeline.yaml': chain('') });
    expect((await rig.pipeline('run', '--until', 'b').result).json).toMatchObject({ ran: ['a', 'b'] });
    expect((await rig.pipeline('run', '--from', 'b').result).json).toMatchObject({
      ran: ['c'],
      'up-to-date': ['b'],
    });
    expect((await rig.pipeline('run', '--force', 'b').result).json).toMatchObject({
      ran: ['b'],
      'up-to-date': ['a'],
    });
    expect((await rig.pipeline('run', '--force').result).json).toMatchObject({ ran: ['a', 'b', 'c'] });
  });

  test('an out that is no longer declared is removed; an edited one is left and named', async () => {
    await using rig = await createRig();
    rig.write({ 'pipeline.yaml': naming('m', 'n', 'o') });
    await rig.pipeline('run').result;
    rig.write({ 'artifacts/pipeline/a/o': 'mine now', 'pipeline.yaml': naming('m') });
    const result = await rig.pipeline('run').result;
    expect(result.warnings).toEqual(['left']);
    expect(rig.exists('artifacts/pipeline/a/n')).toBe(false);
    expect(rig.read('artifacts/pipeline/a/o')).toBe('mine now');
  });

  test('a workspace out: files that no run made stay; those of a run are replaced', async () => {
    await using rig = await createRig();
    rig.write({ 'result.txt': 'mine', 'pipeline.yaml': writing('one') });
    const refused = await rig.pipeline('run').result;
    expect(refused).toMatchObject({ code: 1, json: { failed: ['a'] } });
    expect(refused.stderr).toContain('result.txt already exists');
    expect(rig.read('result.txt')).toBe('mine');
    rmSync(join(rig.root, 'result.txt'));
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['a'] });
    rig.write({ 'pipeline.yaml': writing('two') });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
    rig.write({ 'pipeline.yaml': writing('one') });
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['a'] });
    expect(rig.read('result.txt')).toBe('one\n');
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'a workspace out, half written when its run gets %s, does not block the next',
    async (signal) => {
      await using rig = await createRig();
      const a = rig.puppet();
      rig.write({
        'pipeline.yaml': {
          stages: { a: { cmd: a.cmd, outs: { m: { path: 'result.txt', workspace: true } } } },
        },
      });
      const run = rig.process('run');
      const started = await a.nextStart();
      await started.order('write', { files: { 'out:m': 'half' } });
      run.kill(signal);
      await run.result;
      await started.gone;
      const again = rig.pipeline('run');
      await (await a.nextStart()).exit(0, { m: 'whole' });
      expect((await again.result).json).toMatchObject({ ran: ['a'] });
      expect(rig.read('result.txt')).toBe('whole');
    },
  );

  test('a workspace out: a cached result is not restored over files that no run made', async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': { stages: { a: { cmd: 'echo one > ${outs.m}', outs: { m: 'result.txt' } } } },
    });
    await rig.pipeline('run').result;
    // The same manifest, at another place.
    rig.write({
      'result.txt': 'mine',
      'experiments/other.yaml': {
        stages: { b: { cmd: 'echo one > ${outs.m}', outs: { m: { path: 'result.txt', workspace: true } } } },
      },
    });
    const refused = await rig.pipeline('run', '-f', 'experiments/other.yaml').result;
    expect(refused).toMatchObject({ code: 1, json: { failed: ['b'] } });
    expect(refused.stderr).toContain('result.txt already exists');
    expect(rig.read('result.txt')).toBe('mine');
    rmSync(join(rig.root, 'result.txt'));
    expect((await rig.pipeline('run', '-f', 'experiments/other.yaml').result).json).toMatchObject({
      restored: ['b'],
    });
  });

  test('two pipelines that write one path: each finds its own result there after its run', async () => {
    await using rig = await createRig();
    rig.write({ 'pipeline.yaml': writing('one'), 'experiments/other.yaml': writing('two') });
    for (const kind of ['ran', 'restored']) {
      expect((await rig.pipeline('run').result).json).toMatchObject({ [kind]: ['a'] });
      expect(rig.read('result.txt')).toBe('one\n');
      expect((await rig.pipeline('run', '-f', 'experiments/other.yaml').result).json).toMatchObject({
        [kind]: ['a'],
      });
      expect(rig.read('result.txt')).toBe('two\n');
    }
  });

  test('a stage without outs runs once for its data, and its output is found later', async () => {
    await using rig = await createRig();
    rig.write({
      x: 'good',
      'pipeline.yaml': {
        stages: {
          check: { cmd: 'echo looked at $(cat ${deps.x}); grep -q good ${deps.x}', deps: { x: 'x' } },
        },
      },
    });
    const log = async (): Promise<string> => (await rig.pipeline('log', 'check').result).stdout;
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['check'] });
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['check'] });
    expect(await log()).toContain('looked at good\n');
    rig.write({ x: 'bad' });
    for (let times = 0; times < 2; times++)
      expect((await rig.pipeline('run').result).json).toMatchObject({ failed: ['check'] });
    expect(await log()).toContain('looked at bad\n');
    rig.write({ x: 'good' });
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['check'] });
  });

  test('cache: false runs each time, and its dependents only when its bytes change', async () => {
    await using rig = await createRig();
    rig.write({
      x: 'a',
      'pipeline.yaml': {
        stages: {
          a: { cmd: ['cp', '${deps.x}', '${outs.o}'], deps: { x: 'x' }, outs: { o: 'o' }, cache: false },
          b: {
            cmd: ['cp', '${deps.o}', '${outs.o}'],
            deps: { o: { from: 'a', out: 'o' } },
            outs: { o: 'o' },
          },
        },
      },
    });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a', 'b'] });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'], 'up-to-date': ['b'] });
  });
});
