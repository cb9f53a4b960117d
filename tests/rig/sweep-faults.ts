import { expect } from 'vitest';
import { changes, failingDisk } from './disk-twins.ts';
import { inProcess } from './in-process.ts';

/**
 * Runs a pipeline once for every operation that changes the disk, that one failing: it must say so or not matter, and the
 * next run must end as an undisturbed one does. Gives the number of operations.
 */
export async function sweep(pipeline: object, code: string): Promise<number> {
  const { total, tree } = await undisturbed(pipeline);
  for (let nth = 0; nth < total; nth++) {
    using project = inProcess();
    project.write({ raw: 'raw', 'pipeline.yaml': pipeline });
    const disturbed = await project.run({}, failingDisk(nth, code, changes).disk);
    const outcomes = Object.values(disturbed.outcomes);
    const told = disturbed.problem !== undefined || outcomes.includes('failed') || disturbed.warnings.length > 0;
    expect({ nth, toldOrHarmless: told || outcomes.every((kind) => kind === 'ran') }).toEqual({ nth, toldOrHarmless: true });
    const again = await project.run();
    expect({ nth, problem: again.problem, exitCode: again.summary?.exitCode, tree: project.snapshot('artifacts') }).toEqual({ nth, problem: undefined, exitCode: 0, tree });
  }
  return total;
}

async function undisturbed(pipeline: object): Promise<{ readonly total: number; readonly tree: Readonly<Record<string, string>> }> {
  using project = inProcess();
  project.write({ raw: 'raw', 'pipeline.yaml': pipeline });
  const { disk, count } = failingDisk(-1, '', changes);
  await project.run({}, disk);
  return { total: count(), tree: project.snapshot('artifacts') };
}
