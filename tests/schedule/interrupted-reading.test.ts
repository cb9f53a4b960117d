import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { expect, test } from 'vitest';
import { workspaceDisk, type WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** A disk on which reading some files takes until it is given up. */
function endlessFiles(isEndless: (path: string) => boolean): {
  readonly disk: WorkspaceDisk;
  readonly asked: Promise<void>;
} {
  let tell = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const digest: WorkspaceDisk['digest'] = async (path, signal) => {
    if (isEndless(path)) {
      tell();
      await (signal === undefined ? new Promise(() => undefined) : once(signal, 'abort'));
    }
    return workspaceDisk.digest(path, signal);
  };
  return { disk: { ...workspaceDisk, digest }, asked };
}

/**
 * A run that is stopped by Ctrl-C when it reads one of these files: its exit code, and how each instance
 * ended.
 */
async function stoppedWhileReading(project: InProcess, isEndless: (path: string) => boolean) {
  const { disk, asked } = endlessFiles(isEndless);
  const stop = new AbortController();
  const running = project.ask(
    (open) =>
      open.run(wholeRun, () => undefined, { graceful: stop.signal, hard: new AbortController().signal }),
    disk,
  );
  await asked;
  stop.abort('SIGINT');
  const ran = await running;
  return {
    exitCode: ran.ok ? ran.value.exitCode : ran.error,
    outcomes: ran.ok ? Object.fromEntries([...ran.value.outcomes].map(([id, { kind }]) => [id, kind])) : {},
  };
}

const copying = (deps: Readonly<Record<string, unknown>>): object => ({
  cmd: `cat ${Object.keys(deps)
    .map((name) => `\${deps.${name}}`)
    .join(' ')} > \${outs.o}`,
  deps,
  outs: { o: 'o' },
});

test('Ctrl-C while a dep is read stops the read, and the next run is correct', async () => {
  using project = inProcess();
  project.write({ huge: 'h', 'pipeline.yaml': { stages: { a: copying({ huge: 'huge' }) } } });
  expect(await stoppedWhileReading(project, (path) => path.endsWith('/huge'))).toEqual({
    exitCode: 130,
    outcomes: { a: 'skipped' },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'ran' });
});

test('Ctrl-C while a dep is read between two stages: finished work is kept', async () => {
  using project = inProcess();
  project.write({
    x: 'x',
    huge: 'h',
    'pipeline.yaml': {
      stages: { a: copying({ x: 'x' }), b: copying({ a: { from: 'a', out: 'o' }, huge: 'huge' }) },
    },
  });
  expect(await stoppedWhileReading(project, (path) => path.endsWith('/huge'))).toEqual({
    exitCode: 130,
    outcomes: { a: 'ran', b: 'skipped' },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'up-to-date', b: 'ran' });
});

test('Ctrl-C while the cache is read: partly read results do not count as damaged', async () => {
  using project = inProcess();
  project.write({ x: 'x', 'pipeline.yaml': { stages: { a: copying({ x: 'x' }) } } });
  await project.run();
  const objects = Object.keys(project.snapshot('cache/objects')).filter((path) => path.includes('/'));
  for (const path of objects) utimesSync(`${project.root}/cache/objects/${path}`, 1, 1);
  expect(await stoppedWhileReading(project, (path) => path.includes('/cache/objects/'))).toEqual({
    exitCode: 130,
    outcomes: { a: 'skipped' },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
});
