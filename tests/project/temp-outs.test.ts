import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { summaryJson } from '../../src/cli/output/summary-json.ts';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { statusText } from '../../src/runner/report/status-text.ts';
import { forecastText } from '../../src/cli/output/texts/forecast-text.ts';
import { noColors } from '../../src/runner/wording/colors.ts';
import { type DiskCall, DiskFault, watchedDisk } from '../rig/disk-twins.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** raw → rows (temp) → fit, with a second out of `prepare` that stays. */
const pipeline = (fit: object = {}, prepare: object = {}): object => ({
  stages: {
    prepare: {
      cmd: 'echo run >> ran.log; cat ${deps.raw} > ${outs.rows}; wc -l < ${deps.raw} > ${outs.count}',
      deps: { raw: 'raw.txt' },
      outs: { rows: { path: 'rows', temp: true }, count: 'count' },
      ...prepare,
    },
    fit: {
      cmd: 'cat ${deps.rows} > ${outs.m} && echo ${params.p} >> ${outs.m}',
      deps: { rows: { from: 'prepare', out: 'rows' } },
      params: { p: 1 },
      outs: { m: 'm' },
      ...fit,
    },
  },
});
const rows = 'artifacts/pipeline/prepare/rows';
const never = new AbortController().signal;

const verify = (project: InProcess, instance: string) =>
  project.ask((open) => open.verifyRerun(instance, () => undefined, { graceful: never, hard: never }));

/** How often `prepare` ran. */
const times = (project: InProcess): number => project.read('ran.log').split('\n').length - 1;

/** The instances that a dry run says will run. */
async function willRun(project: InProcess): Promise<readonly string[]> {
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  if (!forecast.ok) return expect.unreachable();
  return forecast.value.willRun.map(({ instance }) => instance);
}

const has = (project: InProcess, path: string): boolean => existsSync(join(project.root, path));

/** A project whose temp out is dropped. */
async function dropped(fit?: object, prepare?: object): Promise<InProcess> {
  const project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': pipeline(fit, prepare) });
  expect(await project.run()).toMatchObject({
    outcomes: { prepare: 'ran', fit: 'ran' },
    warnings: ['temp-kept'],
  });
  // Nothing to do: what is remembered of that does not hold once it is known that bytes can go.
  for (const _ of [1, 2]) await project.run();
  expect(await verify(project, 'prepare')).toMatchObject({ ok: true, value: { different: [] } });
  const ran = await project.run();
  expect(ran).toMatchObject({ outcomes: { prepare: 'up-to-date', fit: 'up-to-date' }, warnings: [] });
  expect(ran.summary && summaryJson(ran.summary)).toMatchObject({
    dropped: { outs: [{ instance: 'prepare', out: 'rows' }], bytes: 2 },
  });
  return project;
}

test('a temp out is kept until verify --rerun passed, then dropped here and from the cache', async () => {
  using project = await dropped();
  expect(has(project, rows)).toBe(false);
  expect(project.read('artifacts/pipeline/prepare/count').trim()).toBe('1');
  expect(Object.values(project.snapshot('cache/objects')).filter((text) => text === 'file a\n')).toEqual([]);
  const verified = await project.ask((open) => open.verify());
  expect(verified.ok && verified.value.faults).toEqual([]);
});

test('what was dropped is up to date: nothing runs, gc keeps the result, the next run is idle', async () => {
  using project = await dropped();
  await project.ask((open) => open.gc({ dryRun: false, keepRuns: 0 }));
  for (let runs = 0; runs < 3; runs++) {
    const ran = await project.run();
    expect(ran.outcomes).toEqual({ prepare: 'up-to-date', fit: 'up-to-date' });
    expect(ran.summary).not.toHaveProperty('dropped');
  }
  expect(times(project)).toBe(2);
});

test('status, explain and a dry run say what was dropped, and what would bring it back', async () => {
  using project = await dropped();
  const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
  expect(status.ok && statusText(status.value, { all: true, width: 200 })).toContain(
    'temp out rows dropped: runs again only if what reads it has to run',
  );
  const explained = await project.ask((open) => open.explain('prepare'));
  expect(explained.ok && explained.value).toMatchObject({ state: 'up-to-date', dropped: ['rows'] });
  expect(explained.ok && explanationText(explained.value)).toContain('temp out rows dropped');
  project.write({ 'pipeline.yaml': pipeline({ params: { p: 2 } }) });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const text = forecast.ok && forecastText(forecast.value, noColors);
  expect(text).toMatch(/^will run  prepare  to bring back its temp out rows for fit\nwill run  fit  /);
  expect(text).toMatch(/\n2 will run, 0 may run, 0 up to date\n$/);
});

test('what has to run and reads it has it brought back by a rerun, which is dropped again', async () => {
  using project = await dropped();
  project.write({ 'pipeline.yaml': pipeline({ params: { p: 2 } }) });
  const ran = await project.run();
  expect(ran.outcomes).toEqual({ prepare: 'ran', fit: 'ran' });
  expect(project.read('artifacts/pipeline/fit/m')).toBe('a\n2\n');
  expect(has(project, rows)).toBe(false);
  expect(times(project)).toBe(3);
  const only = pipeline({ params: { p: 3 } });
  project.write({ 'pipeline.yaml': only });
  expect((await project.run({ patterns: ['fit'], mode: 'only' })).outcomes).toMatchObject({ fit: 'ran' });
  expect(project.read('artifacts/pipeline/fit/m')).toBe('a\n3\n');
});

test('nothing is dropped while what reads it is not up to date', async () => {
  using project = await dropped();
  project.write({ 'pipeline.yaml': pipeline({ cmd: 'exit 1' }) });
  expect((await project.run()).outcomes).toEqual({ prepare: 'ran', fit: 'failed' });
  expect(project.read(rows)).toBe('a\n');
  expect((await project.run({ keepGoing: true })).outcomes).toEqual({ prepare: 'up-to-date', fit: 'failed' });
  expect(project.read(rows)).toBe('a\n');
});

test('who names the stage gets its temp outs, until the next run that does not', async () => {
  using project = await dropped();
  expect((await project.run({ patterns: ['prepare'] })).outcomes).toEqual({ prepare: 'ran' });
  expect(project.read(rows)).toBe('a\n');
  expect((await project.run({ patterns: ['prepare'] })).outcomes).toEqual({ prepare: 'up-to-date' });
  await project.run();
  expect(has(project, rows)).toBe(false);
});

test('a rerun that makes other bytes is the result: its readers run again, its outs are kept', async () => {
  const prepare = {
    cmd: 's=seed; cat ${deps.raw} $s.txt > ${outs.rows}; echo 1 > ${outs.count}; echo run >> ran.log',
  };
  const other = {
    cmd: 'sed s/a/b/ ${deps.rows} > ${outs.o}',
    deps: { rows: { from: 'prepare', out: 'rows' } },
    outs: { o: 'o' },
  };
  const withOther = (fit: object): object => {
    const { stages } = pipeline(fit, prepare) as { stages: object };
    return { stages: { ...stages, other } };
  };
  using project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'seed.txt': '1\n', 'pipeline.yaml': withOther({}) });
  await project.run();
  await verify(project, 'prepare');
  await project.run();
  expect(has(project, rows)).toBe(false);
  // Nobody said that it reads this file.
  project.write({ 'seed.txt': '2\n', 'pipeline.yaml': withOther({ params: { p: 2 } }) });
  const ran = await project.run();
  expect(ran.outcomes).toEqual({ prepare: 'ran', fit: 'ran', other: 'ran' });
  expect(ran.warnings).toContain('not-reproducible');
  expect(project.read('artifacts/pipeline/other/o')).toBe('b\n2\n');
  expect(project.read(rows)).toBe('a\n2\n');
  expect((await project.run()).outcomes).toEqual({
    prepare: 'up-to-date',
    fit: 'up-to-date',
    other: 'up-to-date',
  });
});

test('temp outs that are made from temp outs come back one after the other', async () => {
  using project = inProcess();
  const stages = (p: number): object => ({
    stages: {
      a: {
        cmd: 'echo a >> ran.log; cat ${deps.raw} > ${outs.o}',
        deps: { raw: 'raw.txt' },
        outs: { o: { path: 'o', temp: true } },
      },
      b: {
        cmd: 'echo b >> ran.log; sed s/x/y/ ${deps.o} > ${outs.o}',
        deps: { o: { from: 'a', out: 'o' } },
        outs: { o: { path: 'o', temp: true } },
      },
      c: {
        cmd: 'cat ${deps.o} > ${outs.o}; echo ${params.p} >> ${outs.o}',
        params: { p },
        deps: { o: { from: 'b', out: 'o' } },
        outs: { o: 'o' },
      },
    },
  });
  project.write({ 'raw.txt': 'x\n', 'pipeline.yaml': stages(1) });
  await project.run();
  await verify(project, 'b');
  await verify(project, 'a');
  expect((await project.run()).summary?.dropped?.outs).toHaveLength(2);
  expect(await verify(project, 'b')).toMatchObject({ ok: false });
  project.write({ 'pipeline.yaml': stages(2) });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  expect(forecast.ok && forecast.value.willRun.map(({ instance }) => instance)).toEqual(['a', 'b', 'c']);
  expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
  expect(project.read('artifacts/pipeline/c/o')).toBe('y\n2\n');
  expect(has(project, 'artifacts/pipeline/a/o') || has(project, 'artifacts/pipeline/b/o')).toBe(false);
});

test('an object that another result has stays, and is restored without a rerun', async () => {
  using project = inProcess();
  const twin = { cmd: 'cat ${deps.raw} > ${outs.o}', deps: { raw: 'raw.txt' }, outs: { o: 'o' } };
  const withTwin = (fit: object): object => {
    const { stages } = pipeline(fit) as { stages: object };
    return { stages: { ...stages, twin } };
  };
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': withTwin({}) });
  await project.run();
  await verify(project, 'prepare');
  expect((await project.run()).summary?.dropped).toMatchObject({ bytes: 0 });
  project.write({ 'pipeline.yaml': withTwin({ params: { p: 2 } }) });
  expect(await willRun(project)).toEqual(['fit']);
  expect((await project.run()).outcomes).toEqual({ prepare: 'up-to-date', fit: 'ran', twin: 'up-to-date' });
  expect(times(project)).toBe(2);
  expect(project.read('artifacts/pipeline/fit/m')).toBe('a\n2\n');
});

test('without `temp` any more, the out is made again', async () => {
  using project = await dropped();
  project.write({ 'pipeline.yaml': pipeline({}, { outs: { rows: 'rows', count: 'count' } }) });
  expect((await project.run()).outcomes).toEqual({ prepare: 'ran', fit: 'up-to-date' });
  expect(project.read(rows)).toBe('a\n');
});

test('what is edited at the place of a dropped out is not read, and stays', async () => {
  using project = await dropped();
  project.write({ [rows]: 'mine\n' });
  expect((await project.run()).outcomes).toEqual({ prepare: 'up-to-date', fit: 'up-to-date' });
  expect(project.read(rows)).toBe('mine\n');
});

test('going back to data whose temp out was dropped removes that of the other data', async () => {
  using project = await dropped();
  project.write({
    'raw.txt': 'b\n',
    'pipeline.yaml': pipeline({ cmd: 'cat ${deps.rows} ${deps.rows} > ${outs.m}; exit 1' }),
  });
  expect((await project.run()).outcomes).toEqual({ prepare: 'ran', fit: 'failed' });
  expect(project.read(rows)).toBe('b\n');
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': pipeline() });
  expect((await project.run()).outcomes).toEqual({ prepare: 'restored', fit: 'up-to-date' });
  expect(has(project, rows)).toBe(false);
});

test('a frozen stage is not run to bring back its temp out: what to do is said', async () => {
  using project = await dropped();
  project.write({ 'pipeline.yaml': pipeline({ params: { p: 2 } }, { frozen: true }) });
  expect(await willRun(project)).toEqual(['fit']);
  const ran = await project.run();
  expect(ran.outcomes).toEqual({ prepare: 'up-to-date', fit: 'failed' });
  expect(JSON.stringify(ran.events)).toContain('prepare is frozen and its temp outs were dropped (rows)');
});

test.each([
  ['kind', { outs: { rows: { path: 'rows', temp: true, kind: 'metrics' } } }],
  ['workspace', { outs: { rows: { path: 'rows', temp: true, workspace: true } } }],
  ['cache', { cache: false }],
])('temp together with %s is refused at its place', async (_, prepare) => {
  using project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': pipeline({}, prepare) });
  expect((await project.run()).problem).toContain('bad-temp');
});

test('a run whose disk fails while it drops says so, and the next one ends it', async () => {
  using project = await dropped();
  project.write({ 'pipeline.yaml': pipeline({ params: { p: 2 } }) });
  const isDropped = ({ name, paths }: DiskCall): boolean =>
    name === 'remove' && /\/(cache\/objects|artifacts\/pipeline\/prepare\/rows)/.test(paths[0] ?? '');
  const ran = await project.run(
    {},
    watchedDisk((call) => {
      if (isDropped(call)) throw new DiskFault('EIO', call);
    }),
  );
  expect(ran).toMatchObject({ outcomes: { prepare: 'ran', fit: 'ran' }, warnings: ['temp-kept'] });
  expect((await project.run()).outcomes).toEqual({ prepare: 'up-to-date', fit: 'up-to-date' });
  expect(has(project, rows)).toBe(false);
  const verified = await project.ask((open) => open.verify());
  expect(verified.ok && verified.value.faults).toEqual([]);
});

test('two instances with one key: bytes go once nothing that reads either of them needs them', async () => {
  using project = inProcess();
  const stages = (p: number): object => ({
    stages: {
      a: {
        matrix: { x: [1, 2] },
        cmd: 'cat ${deps.raw} > ${outs.o}',
        deps: { raw: 'raw.txt' },
        outs: { o: { path: 'o', temp: true } },
      },
      b: {
        matrix: { x: [1, 2] },
        cmd: '[ ${x} = 1 ] || [ ${params.p} = 0 ] || exit 1; sed s/x/y/ ${deps.o} > ${outs.o}',
        params: { p },
        deps: { o: { from: 'a', out: 'o' } },
        outs: { o: 'o' },
      },
    },
  });
  project.write({ 'raw.txt': 'x\n', 'pipeline.yaml': stages(1) });
  await project.run({ keepGoing: true });
  await verify(project, 'a[1]');
  const left = await project.run({ keepGoing: true });
  expect(left.outcomes).toMatchObject({ 'b[1]': 'up-to-date', 'b[2]': 'failed' });
  expect(left.summary).not.toHaveProperty('dropped');
  project.write({ 'pipeline.yaml': stages(0) });
  expect((await project.run()).summary?.dropped?.outs).toHaveLength(2);
  expect(has(project, 'artifacts/pipeline/a/1/o')).toBe(false);
  project.write({ 'pipeline.yaml': stages(-1) });
  expect((await project.run({ jobs: 1, keepGoing: true })).outcomes).toMatchObject({
    'a[1]': 'ran',
    'b[1]': 'ran',
    'b[2]': 'failed',
  });
  expect(project.read('artifacts/pipeline/a/2/o')).toBe('x\n');
});
