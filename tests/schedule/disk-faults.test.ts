import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { type DiskCall, DiskFault, failingDisk, watchedDisk } from '../rig/disk-twins.ts';
import { inProcess } from '../rig/in-process.ts';

const twoStages = {
  stages: {
    a: {
      cmd:
        'mkdir -p ${outs.d}/empty && echo one > ${outs.d}/x && ln -s x ${outs.d}/l && echo two > ' +
        '${outs.o} && chmod +x ${outs.o}',
      deps: { raw: 'raw' },
      outs: { d: 'd', o: 'o' },
    },
    b: { cmd: ['cp', '${deps.o}', '${outs.o}'], deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  },
};
const right = {
  a: 'folder',
  'a/d': 'folder',
  'a/d/empty': 'folder',
  'a/d/l': 'link x',
  'a/d/x': 'file one\n',
  'a/o': 'executable two\n',
  b: 'folder',
  'b/o': 'executable two\n',
};

describe('a failing disk', () => {
  test('a result whose caching fails is kept in its place, and the run continues', async () => {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': twoStages });
    const run = await project.run(
      {},
      failingDisk(
        0,
        'ENOSPC',
        ({ name, paths }) => name === 'copyHashed' && (paths[1] ?? '').includes('cache/objects'),
      ).disk,
    );
    expect(run).toMatchObject({ outcomes: { a: 'ran', b: 'ran' }, warnings: ['not-cached'] });
    expect(project.snapshot('artifacts/pipeline')).toEqual(right);
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'up-to-date' });
  });

  test('a workspace out that cannot be moved after a failure does not block later runs', async () => {
    using project = inProcess();
    const failing = (code: number): object => ({
      stages: {
        a: { cmd: `echo half > \${outs.o}; exit ${code}`, outs: { o: { path: 'result', workspace: true } } },
      },
    });
    project.write({ 'pipeline.yaml': failing(1) });
    const { disk } = failingDisk(
      0,
      'EACCES',
      ({ name, paths }) => name === 'rename' && paths[0] === join(project.root, 'result'),
    );
    expect((await project.run({}, disk)).outcomes).toEqual({ a: 'failed' });
    expect(project.read('result')).toBe('half\n');
    project.write({ 'pipeline.yaml': failing(0) });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  });
});

describe('the cache on another disk than the artifacts', () => {
  /** rename(2) between two mounts. */
  const twoDisks = (more: (call: DiskCall) => void = () => undefined): WorkspaceDisk =>
    watchedDisk((call) => {
      if (call.name === 'rename' && new Set(call.paths.map((path) => path.includes('/cache/'))).size > 1)
        throw new DiskFault('EXDEV', call);
      more(call);
    });

  test('outs are placed whole, nothing older stays, and the next run finds them', async () => {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': twoStages });
    expect((await project.run({}, twoDisks())).outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect(project.snapshot('artifacts/pipeline')).toEqual(right);
    expect(Object.keys(project.snapshot('cache/attempts'))).toEqual([]);
    expect((await project.run({}, twoDisks())).outcomes).toEqual({ a: 'up-to-date', b: 'up-to-date' });
    expect((await project.run({ force: true }, twoDisks())).outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect(project.snapshot('artifacts/pipeline')).toEqual(right);
  });

  test('a copied out stays, even if its source cannot be removed', async () => {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': twoStages });
    let failed = 0;
    const stuck = twoDisks((call) => {
      if (call.name !== 'remove' || !/\/outs\/[do]$/.test(call.paths[0] ?? '')) return;
      failed += 1;
      throw new DiskFault('EIO', call);
    });
    expect((await project.run({}, stuck)).outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect(failed).toBeGreaterThan(0);
    expect(project.snapshot('artifacts/pipeline')).toEqual(right);
  });

  test('a copy that fails leaves nothing, and what was there before', async () => {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': twoStages });
    await project.run();
    project.write({ 'pipeline.yaml': JSON.stringify(twoStages).replaceAll('two', 'three') });
    const full = twoDisks((call) => {
      if (call.name === 'copy' && call.paths[1]?.includes('/artifacts/') === true)
        throw new DiskFault('ENOSPC', call);
    });
    expect((await project.run({}, full)).outcomes).toMatchObject({ a: 'failed' });
    expect(project.snapshot('artifacts/pipeline')).toMatchObject(right);
    expect(Object.keys(project.snapshot('artifacts')).filter((path) => path.includes('.partial'))).toEqual(
      [],
    );
    expect((await project.run()).outcomes).toEqual({ a: 'restored', b: 'ran' });
  });
});

describe('invariant 3: the row after its objects', () => {
  test('every object is synced before its rename, and the rename before the row', async () => {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': twoStages });
    const calls: DiskCall[] = [];
    await project.run(
      { patterns: ['a'] },
      watchedDisk((call) => calls.push(call)),
    );
    const named = calls.filter(
      ({ name, paths }) => name === 'rename' && (paths[1] ?? '').includes('/cache/objects/'),
    );
    expect(named).toHaveLength(3);
    for (const rename of named) {
      const at = calls.indexOf(rename);
      expect(
        calls.slice(0, at).some(({ name, paths }) => name === 'sync' && paths[0] === rename.paths[0]),
      ).toBe(true);
      const folder = (rename.paths[1] ?? '').replace(/\/[^/]*$/, '');
      expect(calls.slice(at).some(({ name, paths }) => name === 'sync' && paths[0] === folder)).toBe(true);
    }
    const lastSync = calls.findLastIndex(({ name }) => name === 'sync');
    const placed = calls.findIndex(
      ({ name, paths }) => name === 'rename' && (paths[1] ?? '').includes('/artifacts/'),
    );
    expect(placed).toBeGreaterThan(lastSync);
  });

  test('many objects are all synced before the first rename, and all renames before the row', async () => {
    for (const canSyncAll of [true, false]) {
      using project = inProcess();
      project.write({
        'pipeline.yaml': {
          stages: {
            a: {
              cmd: 'mkdir ${outs.d} && cd ${outs.d} && for i in $(seq 300); do echo $i > $i; done',
              outs: { d: 'd' },
            },
          },
        },
      });
      const calls: DiskCall[] = [];
      const disk = watchedDisk((call) => calls.push(call));
      await project.run({}, canSyncAll ? disk : { ...disk, syncAll: async () => false });
      const order = calls.flatMap(({ name, paths }) =>
        name === 'rename' && (paths[1] ?? '').includes('/cache/objects/')
          ? ['name']
          : (name === 'sync' && (paths[0] ?? '').includes('/cache/objects')) || name === 'syncAll'
            ? [name]
            : name === 'rename' && (paths[1] ?? '').includes('/artifacts/')
              ? ['place']
              : [],
      );
      const steps = order.filter((step, index) => step !== order[index - 1]);
      const sync = canSyncAll && process.platform === 'linux' ? 'syncAll' : 'sync';
      expect(steps).toEqual([sync, 'name', sync, 'place']);
      expect(order.filter((step) => step === 'name')).toHaveLength(301);
    }
  });
});
