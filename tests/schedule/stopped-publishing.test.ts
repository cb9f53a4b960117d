import { once } from 'node:events';
import { expect, test } from 'vitest';
import { workspaceDisk, type WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

/**
 * A disk on which hashing and copying some files takes until it is given up; `onAsked` is called when one is
 * to be hashed or copied.
 */
function endless(isEndless: (path: string) => boolean, onAsked: () => void): WorkspaceDisk {
  async function stop(path: string, signal: AbortSignal | undefined): Promise<void> {
    if (!isEndless(path)) return;
    onAsked();
    await (signal === undefined ? new Promise(() => undefined) : once(signal, 'abort'));
  }
  return {
    ...workspaceDisk,
    async digest(path, signal) {
      await stop(path, signal);
      return workspaceDisk.digest(path, signal);
    },
    async copyHashed(from, to, mode, signal) {
      await stop(to, signal);
      return workspaceDisk.copyHashed(from, to, mode, signal);
    },
  };
}

/** Stops a run twice when it hashes one of these files. */
async function stoppedTwice(project: InProcess, isEndless: (path: string) => boolean) {
  const [graceful, hard] = [new AbortController(), new AbortController()];
  const disk = endless(isEndless, () => {
    graceful.abort('SIGINT');
    hard.abort('SIGINT');
  });
  const ran = await project.ask(
    (open) => open.run(wholeRun, () => undefined, { graceful: graceful.signal, hard: hard.signal }),
    disk,
  );
  if (!ran.ok) throw new Error('the run was refused');
  return {
    exitCode: ran.value.exitCode,
    outcomes: Object.fromEntries([...ran.value.outcomes].map(([id, { kind }]) => [id, kind])),
  };
}

const folderOfTwo = {
  stages: {
    a: {
      cmd: 'mkdir ${outs.d} && echo x > ${outs.d}/x && echo y > ${outs.d}/y && echo note > ${outs.note}',
      outs: { d: 'd', note: { path: 'note', workspace: true } },
    },
  },
};

test.each([
  ['the files of a finished stage are hashed', (path: string) => path.endsWith('/outs/d/y')],
  ['they are copied into the cache', (path: string) => /cache\/objects\/.*\.partial/.test(path)],
])('Ctrl-C twice while %s: the result is given up, and the next run is correct', async (_, isEndless) => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': folderOfTwo });
  expect(await stoppedTwice(project, isEndless)).toEqual({ exitCode: 130, outcomes: { a: 'interrupted' } });
  expect(Object.keys(project.snapshot('cache/objects')).filter((path) => path.includes('.partial'))).toEqual(
    [],
  );
  expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  expect(project.read('artifacts/pipeline/a/d/y')).toBe('y\n');
  expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
});

test('Ctrl-C twice while a result is restored: it is given up, and the next run is correct', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': folderOfTwo });
  await project.run();
  project.write({ 'artifacts/pipeline/a/d/y': 'edited' });
  expect(await stoppedTwice(project, (path) => path.includes('/a/.partial'))).toEqual({
    exitCode: 130,
    outcomes: { a: 'skipped' },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'restored' });
  expect(project.read('artifacts/pipeline/a/d/y')).toBe('y\n');
});
