import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pushed } from '../../src/runner/answers/shared-cache.ts';
import type { Project } from '../../src/runner/project.ts';
import { type Clone, clone, person, temporaryFolder } from '../rig/shared-clone.ts';

const never = new AbortController().signal;

const filesFor = (remote: string): Readonly<Record<string, unknown>> => ({
  rows: 'a\nb\n',
  'pipeline.yaml': {
    name: 'shared',
    cache: { remote: `file://${remote}` },
    stages: {
      count: { cmd: 'cat ${deps.rows} > ${outs.sum}', deps: { rows: 'rows' }, outs: { sum: 'sum.txt' } },
      upper: {
        cmd: 'tr a-z A-Z < ${deps.sum} > ${outs.up}',
        deps: { sum: { from: 'count', out: 'sum' } },
        outs: { up: 'up.txt' },
      },
    },
  },
});

async function push(
  some: Clone,
  dryRun = false,
): Promise<{ readonly pushed: Pushed; readonly listed: Pushed[] }> {
  const listed: Pushed[] = [];
  const pushed = await some.withProject((project: Project) =>
    project.push({ patterns: [], mode: 'needs', dryRun }, (list) => void listed.push(list), never),
  );
  if (!pushed.ok) throw new Error(JSON.stringify(pushed.error));
  return { pushed: pushed.value, listed };
}

const states = ({ results }: Pushed): readonly string[] => results.map(({ state }) => state);

test('results computed while writing was off are listed with their size, then uploaded once', async () => {
  using remote = temporaryFolder();
  using ada = person();
  using work = clone({ ...ada.environment, PIPELINE_CACHE_WRITE: '0' }, filesFor(remote.path));
  await work.runHere();
  expect(readdirSync(remote.path)).toEqual([]);
  const dry = await push(work, true);
  expect(dry.pushed.results).toEqual([
    { instance: 'count', state: 'to-upload', objects: 1, bytes: 4 },
    { instance: 'upper', state: 'to-upload', objects: 1, bytes: 4 },
  ]);
  expect(readdirSync(remote.path)).toEqual([]);
  const { pushed, listed } = await push(work);
  expect(listed.map(states)).toEqual([['to-upload', 'to-upload']]);
  expect(states(pushed)).toEqual(['uploaded', 'uploaded']);
  expect(pushed.uploaded).toEqual({ results: 2, objects: 2, bytes: 8 });
  expect(states((await push(work)).pushed)).toEqual(['present', 'present']);
  // The result of an instance that is out of date is not the one to share.
  work.write({ rows: 'c\n' });
  expect(states((await push(work)).pushed)).toEqual(['not-cached', 'not-cached']);
});

test('pull restores what the shared cache has, and counts what is missing', async () => {
  using remote = temporaryFolder();
  using ada = person();
  using first = clone(ada.environment, filesFor(remote.path));
  await first.runHere({ patterns: ['count'] });
  using second = clone(ada.environment, filesFor(remote.path));
  const pulled = await second.runHere({ restoreOnly: true });
  expect(pulled.outcomes).toEqual({ count: 'restored', upper: 'skipped' });
  expect(pulled.exitCode).toBe(0);
  expect(Object.keys(second.snapshot('artifacts')).filter((path) => path.endsWith('.txt'))).toEqual([
    'shared/count/sum.txt',
  ]);
  using none = clone(ada.environment, filesFor(remote.path));
  none.write({ rows: 'other\n' });
  expect((await none.runHere({ restoreOnly: true })).outcomes).toEqual({
    count: 'skipped',
    upper: 'skipped',
  });
  expect(none.snapshot('artifacts')).toEqual({});
});

test('a failed push reports the reason and what was not uploaded', async () => {
  using remote = temporaryFolder();
  using ada = person();
  using work = clone({ ...ada.environment, PIPELINE_CACHE_WRITE: '0' }, filesFor(remote.path));
  await work.runHere();
  rmSync(remote.path, { recursive: true });
  const { pushed } = await push(work);
  expect(states(pushed)).toEqual(['failed', 'failed']);
  expect(pushed.problem).toContain('there is no folder');
});

test('remote check reports the result of each step, and leaves no valid entry', async () => {
  using remote = temporaryFolder();
  using ada = person();
  using work = clone(ada.environment, filesFor(remote.path));
  const check = async () => {
    const checked = await work.withProject((project) => project.remoteCheck());
    if (!checked.ok) throw new Error(JSON.stringify(checked.error));
    return checked.value.steps.map(({ step, ok }) => `${step}: ${ok}`);
  };
  expect(await check()).toEqual([
    'settings: true',
    'key: true',
    'list: true',
    'write an object: true',
    'write it once: true',
    'read it back: true',
    'write an entry: true',
  ]);
  rmSync(join(remote.path, 'objects'), { recursive: true });
  rmSync(remote.path, { recursive: true });
  expect((await check()).at(-1)).toBe('list: false');
});

test('without a shared cache, or without a key, the commands report it', async () => {
  using remote = temporaryFolder();
  using bare = clone(
    { XDG_CONFIG_HOME: remote.path },
    {
      'pipeline.yaml': { stages: { a: { cmd: ['true'] } } },
    },
  );
  const asked = await bare.withProject((project) => project.remoteCheck());
  expect(JSON.stringify(asked)).toContain('no shared cache is configured');
  await expect(bare.runHere({ restoreOnly: true })).rejects.toThrow('no shared cache is configured');
  using keyless = clone({ XDG_CONFIG_HOME: remote.path }, filesFor(remote.path));
  await expect(push(keyless)).rejects.toThrow('no private key');
});
