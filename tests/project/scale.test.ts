import { expect, test } from 'vitest';
import { watchedDisk } from '../rig/disk-twins.ts';
import { inProcess } from '../rig/in-process.ts';
import { watchRows } from '../rig/watch-rows.ts';

/** Three stages over one axis; each instance of the last reads two others, and all of them one file. */
const layers = (width: number): object => {
  const matrix = { n: Array.from({ length: width }, (_, index) => index) };
  return {
    stages: {
      a: {
        matrix,
        cmd: 'cat ${deps.data} > ${outs.o} && echo ${n} >> ${outs.o}',
        deps: { data: 'data' },
        outs: { o: 'o' },
      },
      b: {
        matrix,
        cmd: ['cp', '${deps.a}', '${outs.o}'],
        deps: { a: { from: 'a', out: 'o' } },
        outs: { o: 'o' },
      },
      c: {
        matrix,
        cmd: 'cat ${deps.a} ${deps.b} > ${outs.o}',
        deps: { a: { from: 'a', out: 'o' }, b: { from: 'b', out: 'o' } },
        outs: { o: 'o' },
      },
    },
  };
};

/** What a run of 3 x width instances with nothing to do asks of the disk and of the rows. */
async function nothingToDo(
  width: number,
): Promise<{ readonly disk: Readonly<Record<string, number>>; readonly rows: number }> {
  using project = inProcess();
  project.write({ data: 'data', 'pipeline.yaml': layers(width) });
  expect(Object.values((await project.run()).outcomes)).toEqual(
    Array.from({ length: 3 * width }, () => 'ran'),
  );
  // What a first run leaves to be remembered is remembered by now.
  await project.run();
  const disk: Record<string, number> = {};
  let rows = 0;
  const end = watchRows(['run', 'get', 'all'], () => {
    rows += 1;
  });
  try {
    const run = await project.run(
      {},
      watchedDisk(({ name }) => {
        disk[name] = (disk[name] ?? 0) + 1;
      }),
    );
    expect(Object.values(run.outcomes)).toEqual(Array.from({ length: 3 * width }, () => 'up-to-date'));
  } finally {
    end();
  }
  return { disk, rows };
}

test('a run with nothing to do reads no file; stat calls and queries are linear', async () => {
  const [small, middle, large] = [await nothingToDo(4), await nothingToDo(8), await nothingToDo(12)];
  for (const { disk } of [small, middle, large])
    expect(
      Object.keys(disk).filter((name) => !['lstat', 'stat', 'realPath', 'list', 'readLink'].includes(name)),
    ).toEqual([]);
  const reads = ({ disk }: typeof small): number =>
    Object.values(disk).reduce((sum, count) => sum + count, 0);
  // Twelve instances more cost the same again: linear, to the last look and the last row.
  expect(reads(large) - reads(middle)).toBe(reads(middle) - reads(small));
  expect(large.rows - middle.rows).toBe(middle.rows - small.rows);
  const perInstance = { reads: (reads(large) - reads(middle)) / 12, rows: (large.rows - middle.rows) / 12 };
  // Its out, the object of that, and the folders on the way.
  expect(perInstance.reads).toBeLessThanOrEqual(7);
  expect(perInstance.rows).toBeLessThanOrEqual(5);
});

test('a project that stays open plans again after an edit of its file or one that it extends', async () => {
  using project = inProcess();
  const stage = (name: string): object => ({ stages: { [name]: { cmd: ['true'] } } });
  project.write({
    'pipeline.yaml': stage('a'),
    'experiments/x.yaml': { extends: '../pipeline.yaml', ...stage('b') },
  });
  await project.run({}, undefined, 'experiments/x.yaml');
  const seen = await project.ask(
    async (open) => {
      const stages = async (): Promise<unknown> => {
        const graph = await open.graph({ patterns: [], mode: 'needs' });
        return graph.ok && graph.value.instances.map(({ stage: name }) => name);
      };
      const first = [await stages(), await stages()];
      project.write({ 'pipeline.yaml': stage('c') });
      const second = await stages();
      project.write({ 'experiments/x.yaml': { extends: '../pipeline.yaml', ...stage('d') } });
      return [...first, second, await stages()];
    },
    undefined,
    'experiments/x.yaml',
  );
  expect(seen).toEqual([
    ['a', 'b'],
    ['a', 'b'],
    ['c', 'b'],
    ['c', 'd'],
  ]);
});
