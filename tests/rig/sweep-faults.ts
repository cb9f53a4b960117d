import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { expect } from 'vitest';
import { changes, failingDisk } from './disk-twins.ts';
import { inProcess } from './in-process.ts';
import { watchRows } from './watch-rows.ts';

/**
 * Runs a pipeline once for every operation that changes the disk, that one failing: it must say so or not
 * matter, and the next run must end as an undisturbed one does. Gives the number of operations.
 */
export async function sweep(pipeline: object, code: string): Promise<number> {
  const { total, tree } = await undisturbed(pipeline);
  for (let nth = 0; nth < total; nth++) {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': pipeline });
    const disturbed = await project.run({}, failingDisk(nth, code, changes).disk);
    const outcomes = Object.values(disturbed.outcomes);
    const reported =
      disturbed.problem !== undefined || outcomes.includes('failed') || disturbed.warnings.length > 0;
    expect({ nth, reportedOrHarmless: reported || outcomes.every((kind) => kind === 'ran') }).toEqual({
      nth,
      reportedOrHarmless: true,
    });
    const again = await project.run();
    expect({
      nth,
      problem: again.problem,
      exitCode: again.summary?.exitCode,
      tree: project.snapshot('artifacts'),
    }).toEqual({ nth, problem: undefined, exitCode: 0, tree });
  }
  return total;
}

/** They write beside the project, where nobody looks, each time they are executed. */
export const countedStages = {
  stages: {
    a: {
      cmd: 'echo a >> ../executed-$(basename $PWD); cat ${deps.raw} > ${outs.o}; echo note > ${outs.note}',
      deps: { raw: 'raw' },
      outs: { o: 'o', note: { path: 'note', workspace: true } },
    },
    b: {
      cmd: 'echo b >> ../executed-$(basename $PWD); cat ${deps.o} > ${outs.o}',
      deps: { o: { from: 'a', out: 'o' } },
      outs: { o: 'o' },
    },
  },
};

/**
 * Runs a pipeline once for every row that is written, that one failing: no exception, the next run ends as an
 * undisturbed one does, and what was said to have run and to be cached is not executed again. Gives the
 * number of rows.
 */
export async function sweepRows(code: string): Promise<number> {
  const { SqliteError } = createRequire(import.meta.url)('better-sqlite3');
  let rows = Infinity;
  for (let nth = 0; nth < rows; nth++) {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': countedStages });
    const executed = `${project.root}/../executed-${basename(project.root)}`;
    await project.ask(async () => undefined);
    let count = 0;
    const release = watchRows(['run'], () => {
      count += 1;
      if (count - 1 === nth) throw new SqliteError('the disk is full', code);
    });
    const disturbed = await project.run().finally(release);
    if (count <= nth) rows = nth;
    const cached = disturbed.events.flatMap((event) =>
      event.kind === 'finished' && event.outcome.kind === 'ran' && event.outcome.published
        ? [event.instance]
        : [],
    );
    const before = existsSync(executed) ? readFileSync(executed, 'utf8') : '';
    const again = await project.run();
    expect({ nth, exitCode: again.summary?.exitCode, problem: again.problem }).toEqual({
      nth,
      exitCode: 0,
      problem: undefined,
    });
    expect({ nth, o: project.read('artifacts/pipeline/b/o'), note: project.read('note') }).toEqual({
      nth,
      o: 'raw',
      note: 'note\n',
    });
    const after = readFileSync(executed, 'utf8').slice(before.length);
    rmSync(executed);
    expect({ nth, twice: cached.filter((instance) => after.includes(instance)) }).toEqual({ nth, twice: [] });
  }
  return rows;
}

async function undisturbed(
  pipeline: object,
): Promise<{ readonly total: number; readonly tree: Readonly<Record<string, string>> }> {
  using project = inProcess();
  project.write({ raw: 'raw', 'pipeline.yaml': pipeline });
  const { disk, count } = failingDisk(-1, '', changes);
  await project.run({}, disk);
  return { total: count(), tree: project.snapshot('artifacts') };
}
