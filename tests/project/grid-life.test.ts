import { rmSync, writeFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Collected, InstanceStatus } from '../../src/runner/project.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';

interface Point {
  readonly name: string;
  readonly rate: number;
}
const [one, two, three] = [
  { name: 'gs_1', rate: 1 },
  { name: 'gs_2', rate: 2 },
  { name: 'gs_3', rate: 3 },
];

/** Two stages over one grid: a model of each point, and its score. */
const grid = (points: readonly Point[]): object => ({
  train: trained({ matrix: { config: points } }),
  score: {
    matrix: { from: 'train' },
    cmd: 'wc -c < ${deps.model} > ${outs.score}',
    deps: { model: { from: 'train', out: 'model' } },
    outs: { score: 'score' },
  },
});
const trained = (stage: object): object => ({
  cmd: 'echo model of ${params.rate} > ${outs.model}',
  params: { rate: '${config.rate}' },
  outs: { model: 'model' },
  ...stage,
});
const write = (project: InProcess, stages: object, file = 'pipeline.yaml'): void =>
  project.write({ [file]: { stages } });

async function stateOf(project: InProcess): Promise<{
  readonly states: Readonly<Record<string, InstanceStatus['state']>>;
  readonly unnamed: readonly string[];
}> {
  const status = await project.ask((asked) => asked.status({ patterns: [], mode: 'needs' }));
  if (!status.ok) throw new Error(status.error.kind);
  return {
    states: Object.fromEntries(status.value.instances.map(({ instance, state }) => [instance, state])),
    unnamed: status.value.unnamed.map(({ path }) => path),
  };
}

async function gc(project: InProcess, keepRuns = 0, dryRun = false): Promise<Collected> {
  const collected = await project.ask((asked) => asked.gc({ dryRun, keepRuns }));
  if (!collected.ok) throw new Error(collected.error.kind);
  return collected.value;
}

describe('a changed grid reruns no computed point', () => {
  test('an added point runs alone; a removed one is listed; added again, it is restored', async () => {
    using project = inProcess();
    write(project, grid([one, two]));
    await project.run();
    write(project, grid([one, two, three]));
    expect((await project.run()).outcomes).toEqual({
      'train[gs_1]': 'up-to-date',
      'train[gs_2]': 'up-to-date',
      'train[gs_3]': 'ran',
      'score[gs_1]': 'up-to-date',
      'score[gs_2]': 'up-to-date',
      'score[gs_3]': 'ran',
    });
    write(project, grid([one, two]));
    expect(Object.values((await project.run()).outcomes)).toEqual([
      'up-to-date',
      'up-to-date',
      'up-to-date',
      'up-to-date',
    ]);
    expect((await stateOf(project)).unnamed).toEqual([
      'artifacts/pipeline/score/gs_3/score',
      'artifacts/pipeline/train/gs_3/model',
    ]);
    expect(project.read('artifacts/pipeline/train/gs_3/model')).toBe('model of 3\n');
    write(project, grid([one, two, three]));
    expect(new Set(Object.values((await project.run()).outcomes))).toEqual(new Set(['up-to-date']));
  });

  test('reordered points, axes and products run nothing', async () => {
    using project = inProcess();
    const over = (matrix: unknown): void =>
      write(project, {
        train: {
          matrix,
          cmd: 'echo ${params.x} ${params.y} > ${outs.o}',
          params: { x: '${x}', y: '${y}' },
          outs: { o: 'o' },
        },
        all: {
          cmd: 'cat ${deps.all} > ${outs.o}',
          deps: { all: { from: 'train', out: 'o', gather: true } },
          outs: { o: 'o' },
        },
      });
    over({ x: [1, 2], y: [3, 4] });
    await project.run();
    const gathered = project.read('artifacts/pipeline/all/o');
    over([
      { y: [4], x: [2, 1] },
      { y: 3, x: [1, 2] },
    ]);
    const again = await project.run();
    expect(Object.values(again.outcomes)).not.toContain('ran');
    expect(project.read('artifacts/pipeline/all/o')).toBe(gathered);
  });

  test('a renamed point, axis or stage is restored under the new name', async () => {
    using project = inProcess();
    write(project, grid([one, two]));
    await project.run();
    write(project, grid([{ ...one, name: 'best' }, two]));
    expect((await project.run()).outcomes).toEqual({
      'train[best]': 'restored',
      'train[gs_2]': 'up-to-date',
      'score[best]': 'restored',
      'score[gs_2]': 'up-to-date',
    });
    expect(project.read('artifacts/pipeline/train/best/model')).toBe('model of 1\n');
    expect((await stateOf(project)).unnamed).toEqual([
      'artifacts/pipeline/score/gs_1/score',
      'artifacts/pipeline/train/gs_1/model',
    ]);
    write(project, { fit: trained({ matrix: { point: [one, two] }, params: { rate: '${point.rate}' } }) });
    expect((await project.run()).outcomes).toEqual({ 'fit[gs_1]': 'restored', 'fit[gs_2]': 'restored' });
  });

  test('an added axis makes new points; computed ones are not computed again', async () => {
    using project = inProcess();
    const seeded = (matrix: object, rate: string): void =>
      write(project, { train: trained({ matrix, params: { rate } }) });
    seeded({ rate: [1, 2] }, '${rate}');
    await project.run();
    seeded({ rate: [1, 2], unused: ['x', 'y'] }, '${rate}');
    expect(new Set(Object.values((await project.run()).outcomes))).toEqual(new Set(['restored']));
  });

  test('a duplicate point is an error that names it, and so is one in two overlapping grids', async () => {
    using project = inProcess();
    write(project, grid([one, two, one]));
    expect((await project.run()).problem).toContain('same-instance: train[gs_1] appears twice');
    write(project, grid([one, { ...two, name: 'gs_1' }]));
    expect((await project.run()).problem).toContain('same-identity');
    write(project, {
      train: trained({ matrix: [{ rate: [1, 2] }, { rate: [2, 3] }], params: { rate: '${rate}' } }),
    });
    expect((await project.run()).problem).toContain('same-instance: train[2] appears twice');
  });
});

describe('equal manifests are computed once', () => {
  test('two points with equal params in one run', async () => {
    using project = inProcess();
    write(project, {
      train: trained({ matrix: { config: [one, { ...one, name: 'same' }] } }),
      other: trained({ params: { rate: 1 } }),
    });
    expect(Object.values((await project.run()).outcomes).sort()).toEqual(['ran', 'restored', 'restored']);
    expect(project.read('artifacts/pipeline/other/model')).toBe('model of 1\n');
  });

  test('a point of another stage and file with the params of a finished one is restored', async () => {
    using project = inProcess();
    write(project, grid([one]));
    write(
      project,
      { fit: trained({ matrix: { config: [{ ...one, name: 'known' }, two] } }) },
      'experiments/more.yaml',
    );
    await project.run();
    expect((await project.run({}, undefined, 'experiments/more.yaml')).outcomes).toEqual({
      'fit[known]': 'restored',
      'fit[gs_2]': 'ran',
    });
    write(project, grid([one, two]));
    expect((await project.run()).outcomes).toMatchObject({
      'train[gs_1]': 'up-to-date',
      'train[gs_2]': 'restored',
    });
  });
});

describe('garbage collection', () => {
  test('keeps what any pipeline or experiment file names, and deletes the rest', async () => {
    using project = inProcess();
    write(project, grid([one, two, three]));
    write(project, grid([one, three]), 'experiments/more.yaml');
    await project.run();
    await project.run({}, undefined, 'experiments/more.yaml');
    write(project, grid([one]));
    const collected = await gc(project);
    expect(collected.files).toEqual(
      expect.arrayContaining(['artifacts/pipeline/train/gs_2/model', 'artifacts/pipeline/train/gs_3/model']),
    );
    expect(project.snapshot('artifacts/pipeline/train')).not.toHaveProperty('gs_2/model');
    rmSync(join(project.root, 'artifacts'), { recursive: true });
    expect(new Set(Object.values((await project.run()).outcomes))).toEqual(new Set(['restored']));
    expect(
      new Set(Object.values((await project.run({}, undefined, 'experiments/more.yaml')).outcomes)),
    ).toEqual(new Set(['restored']));
    write(project, grid([one, two, three]));
    expect((await project.run()).outcomes).toMatchObject({ 'train[gs_2]': 'ran', 'train[gs_3]': 'restored' });
  });

  test('keeps what a pipeline file in any other folder names, once it has run', async () => {
    using project = inProcess();
    write(project, grid([one]));
    write(project, grid([two]), 'configs/more.yaml');
    await project.run();
    await project.run({}, undefined, 'configs/more.yaml');
    expect(await gc(project)).toMatchObject({ entries: 0, files: [] });
    rmSync(join(project.root, 'configs'), { recursive: true });
    expect((await gc(project)).files).toContain('artifacts/more/train/gs_2/model');
  });

  test('keeps the results of the last runs, named or not', async () => {
    using project = inProcess();
    for (const point of [one, two, three]) {
      write(project, grid([point]));
      await project.run();
    }
    expect((await gc(project, 2)).entries).toBe(2);
    write(project, grid([one, two, three]));
    expect((await project.run()).outcomes).toMatchObject({
      'train[gs_1]': 'ran',
      'train[gs_2]': 'restored',
      'train[gs_3]': 'up-to-date',
    });
  });

  test('--dry-run shows what would be deleted, to the byte, and changes nothing', async () => {
    using project = inProcess();
    write(project, grid([one, two]));
    await project.run();
    write(project, grid([one]));
    const before = [project.snapshot('artifacts'), project.snapshot('cache/objects')];
    const expected = await gc(project, 0, true);
    expect([project.snapshot('artifacts'), project.snapshot('cache/objects')]).toEqual(before);
    expect(expected).toMatchObject({ entries: 2 });
    expect(await gc(project)).toEqual(expected);
    expect(await gc(project)).toMatchObject({ entries: 0, objects: 0, files: [], bytes: 0 });
  });

  test('deletes unfinished files of a killed run, wherever an out may be', async () => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: 'echo > ${outs.m} && echo > ${outs.w}',
            outs: { m: 'a/b/c/d/e/f/g/h/m', w: { path: 'notes/w', workspace: true } },
          },
        },
      },
    });
    await project.run();
    const left = [
      'artifacts/pipeline/a/a/b/c/d/e/f/g/h/.partial-0123456789abcdef',
      'cache/objects/00/.partial-0123456789abcdef',
      'notes/.partial-0123456789abcdef',
    ];
    project.write(Object.fromEntries(left.map((path) => [path, 'half'])));
    expect([...(await gc(project)).files].sort()).toEqual(left);
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
  });

  test('keeps files that were edited since', async () => {
    using project = inProcess();
    write(project, grid([one, two]));
    await project.run();
    writeFileSync(join(project.root, 'artifacts/pipeline/train/gs_2/model'), 'edited');
    write(project, grid([one]));
    expect(await gc(project)).toMatchObject({
      files: ['artifacts/pipeline/score/gs_2/score'],
      kept: { files: [{ path: 'artifacts/pipeline/train/gs_2/model', because: 'edited' }] },
    });
    expect(project.read('artifacts/pipeline/train/gs_2/model')).toBe('edited');
  });

  test('reports how many results it kept, and why', async () => {
    using project = inProcess();
    for (const points of [[one, two], [one]]) {
      write(project, grid(points));
      await project.run();
    }
    expect((await gc(project, 2)).kept).toEqual({
      named: 2,
      recent: 2,
      withinLimits: 0,
      files: [],
      attempts: [],
    });
    expect((await gc(project)).kept).toEqual({
      named: 2,
      recent: 0,
      withinLimits: 0,
      files: [],
      attempts: [],
    });
  });

  test('removes empty folders below artifacts and objects, and no others', async () => {
    using project = inProcess();
    const folders = (of: string): readonly string[] =>
      readdirSync(join(project.root, of), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name));
    const empty = (): readonly string[] =>
      ['artifacts', 'cache/objects', 'mine']
        .flatMap(folders)
        .filter((place) => readdirSync(place).length === 0);
    const workspaceOut = (name: string) => ({
      stages: {
        [name]: {
          cmd: `echo ${name} > \${outs.w}`,
          outs: { w: { path: `mine/${name}/w`, workspace: true } },
        },
      },
    });
    write(project, grid([one, two]));
    await project.run();
    rmSync(join(project.root, 'artifacts/pipeline/train/gs_2/model'));
    write(project, grid([one]));
    project.write({ 'experiments/w.yaml': { name: 'w', ...workspaceOut('a') } });
    await project.run({}, undefined, 'experiments/w.yaml');
    project.write({ 'experiments/w.yaml': { name: 'w', ...workspaceOut('b') } });
    await project.run({}, undefined, 'experiments/w.yaml');
    await gc(project);
    expect(empty()).toEqual([join(project.root, 'mine/a')]);
  });

  test('an unnamed output deleted by hand is forgotten: not listed, and no fault', async () => {
    using project = inProcess();
    const faults = async (): Promise<readonly string[]> =>
      project.ask(async (asked) => {
        const verified = await asked.verify();
        return verified.ok ? verified.value.faults.map(({ path }) => path) : [verified.error.kind];
      });
    write(project, grid([one, two]));
    await project.run();
    rmSync(join(project.root, 'artifacts/pipeline/train/gs_2/model'));
    expect(await faults()).toEqual(['artifacts/pipeline/train/gs_2/model']);
    write(project, grid([one]));
    expect((await stateOf(project)).unnamed).toEqual(['artifacts/pipeline/score/gs_2/score']);
    expect(await faults()).toEqual([]);
    expect((await gc(project)).files).toEqual(['artifacts/pipeline/score/gs_2/score']);
    project.write({ 'experiments/broken.yaml': 'stages: [' });
    expect(await faults()).toEqual([]);
  });

  test('with an unreadable experiment file nothing is deleted: its results are unknown', async () => {
    using project = inProcess();
    write(project, grid([one, two]));
    await project.run();
    write(project, grid([one]));
    project.write({ 'experiments/broken.yaml': 'stages: [' });
    expect(await project.ask((asked) => asked.gc({ dryRun: false, keepRuns: 0 }))).toMatchObject({
      ok: false,
      error: { kind: 'invalid' },
    });
    expect(project.read('artifacts/pipeline/train/gs_2/model')).toBe('model of 2\n');
  });
});

test('after any changes and collections, only uncomputed or collected points run', async () => {
  const points = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), rate: fc.integer({ min: 1, max: 4 }) }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
  );
  const change = fc.record({ points, collect: fc.boolean(), clean: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 4 }), async (changes) => {
      using project = inProcess();
      const computed = new Set<number>();
      for (const { points: now, collect, clean } of changes) {
        write(project, { train: trained({ matrix: { config: now } }) });
        if (collect) {
          await gc(project);
          // Both what was named all along and what is named anew is kept.
          const named = new Set(now.map(({ rate }) => rate));
          for (const rate of computed) if (!named.has(rate)) computed.delete(rate);
        }
        if (clean) rmSync(join(project.root, 'artifacts'), { recursive: true, force: true });
        const { outcomes } = await project.run();
        const fresh = new Set(now.map(({ rate }) => rate).filter((rate) => !computed.has(rate)));
        expect(Object.values(outcomes).filter((kind) => kind === 'ran')).toHaveLength(fresh.size);
        expect(
          Object.values(outcomes).filter((kind) => !['ran', 'up-to-date', 'restored'].includes(kind)),
        ).toEqual([]);
        for (const { name, rate } of now)
          expect(project.read(`artifacts/pipeline/train/${name}/model`)).toBe(`model of ${rate}\n`);
        for (const { rate } of now) computed.add(rate);
      }
    }),
    { numRuns: 8, seed: 202_611 },
  );
});
