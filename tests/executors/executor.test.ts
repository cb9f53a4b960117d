import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/runner/event.ts';
import type { Executor } from '../../src/runner/executors/executor.ts';
import { openProject, type RunSummary } from '../../src/runner/project.ts';
import type { RunRequest } from '../../src/runner/run-request.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { helpersHere } from '../rig/helpers-here.ts';
import { type FakeExecutor, fakeExecutor, type FakeJob } from '../rig/fake-executor.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** `word` makes a key of its own. */
const stage = (more: object = {}, word = 'word'): object => ({
  cmd: `true ${word} \${outs.o}`,
  outs: { o: 'o.txt' },
  ...more,
});

function project(stages: Readonly<Record<string, object>>): InProcess {
  const made = inProcess();
  made.write({ rows: 'a\n', 'pipeline.yaml': { name: 'p', stages } });
  return made;
}

interface Running {
  readonly ended: Promise<Readonly<Record<string, string>>>;
  readonly events: readonly Event[];
  readonly summary: Promise<RunSummary>;
  /** The runner is gone: its run never ends. */
  die(): void;
}

async function start(
  executor: Executor,
  { root }: InProcess,
  request: Partial<RunRequest> = {},
  stop = { graceful: new AbortController().signal, hard: new AbortController().signal },
): Promise<Running> {
  const never = new Promise<never>(() => undefined);
  let isDead = false;
  const unlessDead = <T>(answer: Promise<T>): Promise<T> => answer.then((value) => (isDead ? never : value));
  const mortal: Executor = {
    ...executor,
    submit: (orders) => unlessDead(executor.submit(orders)),
    poll: (handles) => unlessDead(executor.poll(handles)),
    changed: () => unlessDead(executor.changed()),
    result: (attempt) => unlessDead(executor.result(attempt)),
    follow: (attempt, onLine) => executor.follow(attempt, (line) => (isDead ? undefined : onLine(line))),
  };
  const opened = await openProject(
    { folder: root },
    {
      disk: workspaceDisk,
      helpers: await helpersHere(),
      environment: process.env,
      now: () => BigInt(Date.now()) * 1_000_000n,
      retryDelay: () => 0,
      executor: mortal,
    },
  );
  const events: Event[] = [];
  const whole: RunRequest = {
    ...wholeRun,
    keepGoing: true,
    ...request,
  };
  const summary = opened
    .run(whole, (event) => events.push(event), stop)
    .then((ran) => {
      if (!ran.ok) throw new Error(JSON.stringify(ran.error));
      return ran.value;
    });
  return {
    events,
    summary,
    die() {
      isDead = true;
      // The kernel would release the lock: the next runner makes another file of it.
      rmSync(join(root, 'cache/lock.sqlite'));
    },
    ended: summary.then(({ outcomes }) =>
      Object.fromEntries([...outcomes].map(([id, { kind }]) => [id, kind])),
    ),
  };
}

async function jobs(executor: FakeExecutor, count: number): Promise<readonly FakeJob[]> {
  const found: FakeJob[] = [];
  while (found.length < count) found.push(await executor.nextJob());
  return found;
}

describe('a run with any executor', () => {
  test('assigns results to their instances, whatever the order in which jobs end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), async (order) => {
        const executor = fakeExecutor();
        using here = project({
          many: { matrix: { n: [0, 1, 2, 3] }, ...stage({ cmd: 'true ${n} ${outs.o}' }) },
          all: {
            cmd: 'true ${deps.every} ${outs.o}',
            deps: { every: { from: 'many', out: 'o', gather: true } },
            outs: { o: 'o' },
          },
        });
        const run = await start(executor, here);
        const started = await jobs(executor, 4);
        for (const index of order) started[index]?.finish({ o: wordOf(started[index]) });
        (await executor.nextJob()).finish({ o: 'all' });
        expect(Object.values(await run.ended)).toEqual(['ran', 'ran', 'ran', 'ran', 'ran']);
        for (const n of [0, 1, 2, 3]) expect(here.read(`artifacts/p/many/${n}/o.txt`)).toBe(String(n));
      }),
      { numRuns: 5 },
    );
  });

  test('a lost job fails, and is retried as often as the stage allows', async () => {
    const executor = fakeExecutor();
    using here = project({ once: stage(), again: stage({ retries: 1 }, 'another') });
    const run = await start(executor, here, { patterns: ['again'] });
    (await executor.nextJob()).lose();
    (await executor.nextJob()).finish({ o: 'second' });
    expect(await run.ended).toEqual({ again: 'ran' });
    const lost = await start(executor, here, { patterns: ['once'] });
    (await executor.nextJob()).lose();
    expect([...(await lost.summary).outcomes.values()]).toMatchObject([
      { kind: 'failed', failure: { kind: 'lost' } },
    ]);
  });

  test('a job of unknown state is waited for', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage(), b: stage({}, 'another') });
    const run = await start(executor, here);
    const [a, b] = await jobs(executor, 2);
    if (a === undefined || b === undefined) throw new Error('two jobs');
    a.state = 'unknown';
    b.finish({ o: 'b' });
    a.state = 'running';
    a.finish({ o: 'a' });
    expect(await run.ended).toEqual({ a: 'ran', b: 'ran' });
  });

  test('the manifest has the platform of the executor', async () => {
    using here = project({ a: stage() });
    const [old, other] = [fakeExecutor(), fakeExecutor({ os: 'hpux', arch: 'm68k', node: '20' })];
    const first = await start(old, here);
    (await old.nextJob()).finish({ o: 'parisc' });
    expect(await first.ended).toEqual({ a: 'ran' });
    expect(await (await start(old, here)).ended).toEqual({ a: 'up-to-date' });
    const second = await start(other, here);
    (await other.nextJob()).finish({ o: 'm68k' });
    expect(await second.ended).toEqual({ a: 'ran' });
    const started = second.events.find(({ kind }) => kind === 'started');
    expect(started).toMatchObject({
      because: [{ kind: 'changed', field: ['platform', 'arch'], before: 'parisc', after: 'm68k' }],
    });
  });

  test('Ctrl-C cancels the jobs of the run', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage() });
    const stop = new AbortController();
    const run = await start(
      executor,
      here,
      {},
      { graceful: stop.signal, hard: new AbortController().signal },
    );
    const job = await executor.nextJob();
    await hasStarted(run);
    stop.abort('SIGINT');
    expect(job.cancelled).toEqual([null]);
    job.finish({}, 1);
    expect(await run.ended).toEqual({ a: 'interrupted' });
  });
});

describe('jobs that outlive their runner', () => {
  test('the next run takes over the job: nothing is submitted twice, and the result is cached', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage(), b: { ...stage(), deps: { a: { from: 'a', out: 'o' } } } });
    const dead = await start(executor, here);
    const job = await executor.nextJob();
    await hasStarted(dead);
    job.tell({ kind: 'progress', done: 1, total: 2, unit: 'steps' });
    dead.die();

    const run = await start(executor, here);
    await hasStarted(run);
    job.tell({ kind: 'progress', done: 2, total: 2, unit: 'steps' });
    job.finish({ o: 'of the first job' });
    (await executor.nextJob()).finish({ o: 'b' });
    expect(await run.ended).toEqual({ a: 'ran', b: 'ran' });
    expect(executor.jobs).toHaveLength(2);
    expect(here.read('artifacts/p/a/o.txt')).toBe('of the first job');
    expect(run.events.filter(({ kind }) => kind === 'message')).toHaveLength(2);
    expect(await (await start(executor, here)).ended).toEqual({ a: 'up-to-date', b: 'up-to-date' });
  });

  test('a job that ended meanwhile is not run again', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage() });
    const dead = await start(executor, here);
    const job = await executor.nextJob();
    await hasStarted(dead);
    dead.die();
    job.state = 'gone';
    job.result = { kind: 'exit', code: 0, stopped: false };
    here.write({ [`${job.job.folder.slice(here.root.length + 1)}/outs/o.txt`]: 'while nobody looked' });
    expect(await (await start(executor, here)).ended).toEqual({ a: 'ran' });
    expect(executor.jobs).toHaveLength(1);
    expect(here.read('artifacts/p/a/o.txt')).toBe('while nobody looked');
  });

  test('a job whose handle was never stored is found by its nonce', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage() });
    executor.beforeHandles = () => new Promise(() => undefined);
    const dead = await start(executor, here);
    const job = await executor.nextJob();
    dead.die();
    executor.beforeHandles = async () => undefined;
    const run = await start(executor, here);
    await hasStarted(run);
    job.finish({ o: 'found again' });
    expect(await run.ended).toEqual({ a: 'ran' });
    expect(executor.jobs).toHaveLength(1);
  });

  test.each([
    ['another model of CPU is said to be mixed', 'Epyc', ['mixed-cpus']],
    ['the same model is not', 'Xeon', []],
  ])('a checkpoint that is resumed on %s', async (_, cpu, warnings) => {
    const executor = fakeExecutor();
    using here = project({ a: stage() });
    executor.host = { host: 'n1', cpu: 'Xeon' };
    const dead = await start(executor, here);
    const lost = await executor.nextJob();
    await hasStarted(dead);
    const key = lost.job.folder.split('/').at(-1);
    here.write({ [`cache/scratch/${key}/step-40`]: 'weights' });
    dead.die();
    lost.state = 'gone';
    executor.host = { host: 'n2', cpu };
    const run = await start(executor, here);
    (await executor.nextJob()).finish({ o: 'anew' });
    expect(await run.ended).toEqual({ a: 'ran' });
    expect(run.events.flatMap((event) => (event.kind === 'warned' ? [event.diagnostic.code] : []))).toEqual(
      warnings,
    );
  });

  test('a job that disappeared without a result is run again', async () => {
    const executor = fakeExecutor();
    using here = project({ a: stage() });
    const dead = await start(executor, here);
    const lost = await executor.nextJob();
    await hasStarted(dead);
    dead.die();
    lost.state = 'gone';
    const run = await start(executor, here);
    (await executor.nextJob()).finish({ o: 'anew' });
    expect(await run.ended).toEqual({ a: 'ran' });
  });

  test.each(['--force', 'data that were edited and put back'])(
    'a job whose result must not count is cancelled first: %s',
    async (why) => {
      const executor = fakeExecutor();
      using here = project({ a: stage({ cmd: 'true ${deps.rows} ${outs.o}', deps: { rows: 'rows' } }) });
      const dead = await start(executor, here);
      const old = await executor.nextJob();
      await hasStarted(dead);
      dead.die();
      if (why !== '--force') {
        here.write({ rows: 'b\n' });
        here.write({ rows: 'a\n' });
      }
      const run = await start(executor, here, { force: why === '--force' });
      while (old.cancelled.length === 0) await new Promise(setImmediate);
      old.finish({ o: 'old' }, 1);
      (await executor.nextJob()).finish({ o: 'new' });
      expect(await run.ended).toEqual({ a: 'ran' });
      expect(here.read('artifacts/p/a/o.txt')).toBe('new');
    },
  );
});

/** The word of a command that is not its program or an out. */
const wordOf = (job: FakeJob | undefined): string =>
  job?.job.program.kind === 'command'
    ? (job.job.program.words.join(' ').match(/true '?(\d)/)?.[1] ?? '')
    : '';

/** A stage of the run was started, and its attempt is stored. */
async function hasStarted({ events }: Running): Promise<void> {
  while (!events.some(({ kind }) => kind === 'started')) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}
