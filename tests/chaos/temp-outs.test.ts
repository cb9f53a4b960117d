import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { runUntilStep } from '../rig/run-until-step.ts';

const pipeline = (p: number): object => ({
  stages: {
    prepare: {
      cmd: 'cat ${deps.raw} > ${outs.rows}',
      deps: { raw: 'raw.txt' },
      outs: { rows: { path: 'rows', temp: true } },
    },
    fit: {
      cmd: 'cat ${deps.rows} > ${outs.m} && echo ${params.p} >> ${outs.m}',
      deps: { rows: { from: 'prepare', out: 'rows' } },
      params: { p },
      outs: { m: 'm' },
    },
  },
});
const rows = 'artifacts/pipeline/prepare/rows';
const never = new AbortController().signal;

/** A project whose temp out was dropped, and is needed again. */
async function droppedProject(): Promise<InProcess> {
  const project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': pipeline(1) });
  await project.run();
  await project.ask((open) => open.verifyRerun('prepare', () => undefined, { graceful: never, hard: never }));
  await project.run();
  expect(existsSync(join(project.root, rows))).toBe(false);
  project.write({ 'pipeline.yaml': pipeline(2) });
  return project;
}

/** A run that brings a temp out back and drops it again, and kills itself before its nth step. */
async function endsBefore(nth: number, { root }: InProcess): Promise<boolean> {
  using project = inProcess();
  cpSync(root, project.root, { recursive: true, preserveTimestamps: true });
  const shown = await runUntilStep({ root: project.root, survivors: () => [] }, nth);
  const ran = await project.run();
  expect(ran.summary?.exitCode, `after ${shown}`).toBe(0);
  expect(project.read('artifacts/pipeline/fit/m'), `after ${shown}`).toBe('a\n2\n');
  expect(existsSync(join(project.root, rows)), `after ${shown}`).toBe(false);
  const verified = await project.ask((open) => open.verify());
  expect(verified.ok && verified.value.faults, `after ${shown}`).toEqual([]);
  return shown.trim().endsWith('end');
}

test('killed before every single step: a temp out comes back and goes, and nothing is read that is not the result', async () => {
  using project = await droppedProject();
  let nth = 1;
  while (!(await endsBefore(nth, project))) nth += 1;
  expect(nth).toBeGreaterThan(30);
}, 600_000);
