import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Event } from '../../src/runner/event.ts';
import type { WatchUpdate } from '../../src/runner/project.ts';
import type { WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { DiskFault, watchedDisk } from '../rig/disk-twins.ts';
import { openHere } from '../rig/in-process.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { watchRows } from '../rig/watch-rows.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** A watch in this process, on a disk of the test's. */
async function watchHere(rig: Rig, disk?: WorkspaceDisk) {
  const project = await openHere(rig.root, disk);
  const [graceful, hard] = [new AbortController(), new AbortController()];
  const events: Event[] = [];
  const update: WatchUpdate[] = [];
  let failed = (): void => undefined;
  const ended = project.watch(
    wholeRun,
    {
      onEvent: (event) => void events.push(event),
      onUpdate: (one) => {
        update.push(one);
        failed();
      },
    },
    { graceful: graceful.signal, hard: hard.signal },
  );
  return {
    /** The last news of a kind, when there were so many of them. */
    async heard(kind: WatchUpdate['kind'], times = 1): Promise<WatchUpdate | undefined> {
      const heard = (): readonly WatchUpdate[] => update.filter((one) => one.kind === kind);
      while (heard().length < times)
        await new Promise<void>((resolve) => {
          failed = resolve;
        });
      return heard()[times - 1];
    },
    async end(): Promise<readonly string[]> {
      graceful.abort('SIGINT');
      await ended;
      project.close();
      return events.flatMap((event) =>
        event.kind === 'cancelled'
          ? [`${event.instance} cancelled: ${event.because}`]
          : event.kind === 'finished'
            ? [`${event.instance} ${event.outcome.kind}`]
            : event.kind === 'found-in-place'
              ? event.instances.map((id) => `${id} up-to-date`)
              : [],
      );
    },
  };
}

/** A store whose results cannot be read while `fails` is set, in this process. */
function unreadableResults(): { fails: boolean } & Disposable {
  const { SqliteError } = createRequire(import.meta.url)('better-sqlite3');
  const release = watchRows(['get', 'all'], (statement) => {
    if (results.fails && statement.includes('FROM entries'))
      throw new SqliteError('disk I/O error', 'SQLITE_IOERR');
  });
  const results = { fails: false, [Symbol.dispose]: release };
  return results;
}

afterEach(() => void vi.useRealTimers());

test('an obstacle is moved away: after a while the stage is retried, though no input changed', async () => {
  await using rig = await createRig();
  rig.write({
    'result.txt': 'mine',
    'pipeline.yaml': {
      stages: { a: { cmd: 'echo a > ${outs.r}', outs: { r: { path: 'result.txt', workspace: true } } } },
    },
  });
  const watch = await watchHere(rig);
  await watch.heard('waiting');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  rmSync(join(rig.root, 'result.txt'));
  await watch.heard('waiting', 2);
  expect(rig.read('result.txt')).toBe('a\n');
  expect(await watch.end()).toEqual(['a failed', 'a restored']);
});

test('a failed check while a stage runs is reported, and the next one is made', async () => {
  await using rig = await createRig();
  using results = unreadableResults();
  const a = rig.puppet('a');
  rig.write({
    x: '1',
    'pipeline.yaml': { stages: { a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: 'o' } } } },
  });
  const watch = await watchHere(rig);
  const first = await a.nextStart();
  results.fails = true;
  rig.write({ notes: 'x' });
  expect(await watch.heard('problem')).toEqual({
    kind: 'problem',
    problem: { kind: 'disk', message: 'pipeline.sqlite: disk I/O error (SQLITE_IOERR)' },
  });
  results.fails = false;
  rig.write({ x: '2' });
  await first.gone;
  await (await a.nextStart()).exit(0, { o: 'a' });
  await watch.heard('waiting');
  expect(await watch.end()).toEqual(['a cancelled: x was changed', 'a ran']);
});

test('a failed check while waiting is reported, and the next one is made', async () => {
  await using rig = await createRig();
  using results = unreadableResults();
  rig.write({
    x: '1',
    'pipeline.yaml': { stages: { a: { cmd: 'cp ${deps.x} ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } } } },
  });
  const watch = await watchHere(rig);
  await watch.heard('waiting');
  results.fails = true;
  rig.write({ x: '2' });
  await watch.heard('problem');
  results.fails = false;
  rig.write({ notes: 'x' });
  await watch.heard('ended', 2);
  expect(await watch.end()).toEqual(['a ran', 'a ran']);
});

test('a dep of a finished stage that is unreadable for a while stops no dependent stage', async () => {
  await using rig = await createRig();
  const b = rig.puppet('b');
  rig.write({
    'd/x': '1',
    'pipeline.yaml': {
      stages: {
        a: { cmd: 'cp ${deps.d}/x ${outs.o}', deps: { d: 'd' }, outs: { o: 'o' } },
        b: { cmd: b.cmd, deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
      },
    },
  });
  const watch = await watchHere(rig);
  const started = await b.nextStart();
  execFileSync('mkfifo', [join(rig.root, 'd/pipe')]);
  expect(await watch.heard('problem')).toMatchObject({
    problem: { kind: 'disk', message: 'd/pipe: is not a file, folder or symbolic link' },
  });
  rmSync(join(rig.root, 'd/pipe'));
  await started.exit(0, { o: 'b' });
  await watch.heard('waiting');
  expect(await watch.end()).toEqual(['a ran', 'b ran']);
});

test('a dep that is unreadable for a while stops no stage: it is reported, and read again', async () => {
  await using rig = await createRig();
  const a = rig.puppet('a');
  rig.write({
    x: '1',
    'pipeline.yaml': { stages: { a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: 'o' } } } },
  });
  let failing = false;
  const disk = watchedDisk((call) => {
    if (failing && call.name === 'lstat' && call.paths[0] === join(rig.root, 'x'))
      throw new DiskFault('EIO', call);
  });
  const watch = await watchHere(rig, disk);
  const started = await a.nextStart();
  failing = true;
  rig.write({ notes: 'x' });
  expect(await watch.heard('problem')).toMatchObject({ problem: { kind: 'disk' } });
  failing = false;
  await started.exit(0, { o: 'a' });
  await watch.heard('waiting');
  expect(await watch.end()).toEqual(['a ran']);
});
