import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunRequest } from '../../src/runner/run-request.ts';
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

test('killed before every single step: a temp out comes back and goes, and only results are read', async () => {
  using project = await droppedProject();
  let nth = 1;
  while (!(await endsBefore(nth, project))) nth += 1;
  expect(nth).toBeGreaterThan(30);
}, 600_000);

/** A diamond: `a` and `b` are temp, `c` reads `b`, `d` reads both. */
const diamond = ({ c, d }: State): object => ({
  stages: {
    a: {
      cmd: 'sed s/^/a/ ${deps.raw} > ${outs.o}',
      deps: { raw: 'raw.txt' },
      outs: { o: { path: 'o', temp: true } },
    },
    b: {
      cmd: 'sed s/^/b/ ${deps.a} > ${outs.o}',
      deps: { a: { from: 'a', out: 'o' } },
      outs: { o: { path: 'o', temp: true } },
    },
    c: {
      cmd: 'sed s/^/c${params.p}/ ${deps.b} > ${outs.o}',
      params: { p: c },
      deps: { b: { from: 'b', out: 'o' } },
      outs: { o: 'o' },
    },
    d: {
      cmd: 'cat ${deps.a} ${deps.b} > ${outs.o} && echo d${params.p} >> ${outs.o}',
      params: { p: d },
      deps: { a: { from: 'a', out: 'o' }, b: { from: 'b', out: 'o' } },
      outs: { o: 'o' },
    },
  },
});

interface State {
  readonly raw: number;
  readonly c: number;
  readonly d: number;
}

const outOf = (stage: string): string => `artifacts/pipeline/${stage}/o`;

/** What the stages make of a state. */
const expected = ({ raw, c, d }: State): readonly [string, string] => {
  const [a, ofB] = [`a${raw}\n`, `ba${raw}\n`];
  return [`c${c}${ofB}`, `${a}${ofB}d${d}\n`];
};

const value = fc.integer({ min: 0, max: 2 });
const step = fc.oneof(
  fc.record({ edit: fc.constantFrom('raw', 'c', 'd'), to: value }),
  fc.record({ run: fc.constantFrom<RunChoice>('all', 'c', 'a', 'only d') }),
  fc.constant('gc' as const),
  fc.constant('delete' as const),
);
type RunChoice = 'all' | 'c' | 'a' | 'only d';

const requests: Readonly<Record<RunChoice, Partial<RunRequest>>> = {
  all: {},
  c: { patterns: ['c'] },
  a: { patterns: ['a'] },
  'only d': { patterns: ['d'], mode: 'only' },
};

test('after edits, runs, gc and deletions in any order, a run ends with the outs of the data', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      using project = inProcess();
      let state: State = { raw: 0, c: 0, d: 0 };
      const write = (): void =>
        project.write({ 'raw.txt': `${state.raw}\n`, 'pipeline.yaml': diamond(state) });
      const runWhole = async (): Promise<void> => {
        expect((await project.run()).summary?.exitCode).toBe(0);
        expect([project.read(outOf('c')), project.read(outOf('d'))]).toEqual(expected(state));
        expect([outOf('a'), outOf('b')].map((path) => existsSync(join(project.root, path)))).toEqual([
          false,
          false,
        ]);
      };
      write();
      await project.run();
      for (const stage of ['b', 'a'])
        await project.ask((open) =>
          open.verifyRerun(stage, () => undefined, { graceful: never, hard: never }),
        );
      await runWhole();
      for (const next of steps) {
        if (next === 'gc') await project.ask((open) => open.gc({ dryRun: false, keepRuns: 0 }));
        else if (next === 'delete') rmSync(join(project.root, 'artifacts'), { recursive: true, force: true });
        else if ('edit' in next) {
          state = { ...state, [next.edit]: next.to };
          write();
        } else if (next.run === 'all') await runWhole();
        else await project.run(requests[next.run]);
      }
      await runWhole();
      const verified = await project.ask((open) => open.verify());
      expect(verified.ok && verified.value.faults).toEqual([]);
    }),
    {
      numRuns: Math.min(50, Number(process.env['CHAOS_INSTANTS'] ?? 50)),
      seed: Number(process.env['CHAOS_SEED'] ?? 1),
    },
  );
}, 600_000);
