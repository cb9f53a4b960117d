import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Result } from '../../src/result.ts';
import type { Event, RecordedEvent } from '../../src/runner/event.ts';
import { advance, emptyView } from '../../src/runner/report/display/run-view.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { migrations } from '../../src/runner/store/database/schema.ts';
import { inProcess, type InProcess } from '../rig/in-process.ts';
import { openDatabase } from '../rig/open-database.ts';

const train = `
const { writeFileSync, writeSync } = require('fs');
const [metrics, rate] = process.argv.slice(1);
const say = (message) => writeSync(3, JSON.stringify(message) + '\\n');
console.log('première étape');
say({ kind: 'device', runtime: 'onnx', device: 'cpu' });
for (const step of [1, 2]) say({ kind: 'metric', step, values: { loss: 1 / step } });
say({ kind: 'progress', done: 2, total: 2, unit: 'step' });
console.log('done');
writeFileSync(metrics, JSON.stringify({ score: Number(rate) * 10 }));
`;

const pipeline = (rate: number): object => ({
  stages: {
    train: {
      cmd: ['node', '-e', train, '${outs.m}', '${params.rate}'],
      params: { rate },
      outs: { m: { path: 'm.json', kind: 'metrics' } },
    },
    broken: { cmd: ['sh', '-c', 'echo no; exit 3'], outs: { o: 'o' } },
  },
});

function valueOf<T>(result: Result<T | undefined, { readonly kind: string }>): T {
  if (!result.ok || result.value === undefined) throw new Error('no answer');
  return result.value;
}
const historyOf = (project: InProcess, run: string) =>
  project.ask(async (open) => valueOf(await open.runHistory(run)));
const eventsOf = (project: InProcess, run: string, from = 0) =>
  project.ask(async (open) => valueOf(await open.eventsSince(run, from)));

/** An event as the store keeps it. */
function kept(event: Event): RecordedEvent {
  const { text: _, keys: __, ...rest } = { text: '', keys: [], ...event };
  return rest as RecordedEvent; // what is taken off is what the type takes off
}

test('the stored stream of a real run equals the emitted one, and gives the same view', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  const { summary, events } = await project.run({ keepGoing: true });
  const stored = await eventsOf(project, summary?.run ?? '');
  expect(stored.map(({ event }) => event)).toEqual(events.map(kept));
  expect(stored.map(({ event }) => event).reduce(advance, emptyView)).toEqual(
    events.reduce<typeof emptyView>(advance, emptyView),
  );
});

test('output is stored at the place that its event names, byte for byte', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  const { events } = await project.run({ keepGoing: true });
  const printed = events.flatMap((event) => (event.kind === 'output' ? [event] : []));
  expect(printed.length).toBeGreaterThan(1);
  for (const { file, start, end, text } of printed)
    expect(readFileSync(join(project.root, file)).subarray(start, end).toString()).toBe(text);
});

test('the history of a run has params, metrics, series, outcomes, times', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  const { summary } = await project.run({ keepGoing: true });
  const history = await historyOf(project, summary?.run ?? '');
  expect(history).toMatchObject({ run: summary?.run, state: 'failed', exitCode: 1, warnings: [] });
  const [trained, broken] = history.instances;
  expect(trained).toMatchObject({
    instance: 'train',
    outcome: { kind: 'ran' },
    params: { rate: 2 },
    metrics: { score: 20 },
    series: {
      loss: [
        { step: 1, value: 1 },
        { step: 2, value: 0.5 },
      ],
    },
    progress: { done: 2, total: 2, unit: 'step' },
    device: { runtime: 'onnx', device: 'cpu' },
    attempts: [{ attempt: 1, because: [{ kind: 'no-result' }], resumed: false }],
    logs: [expect.stringMatching(/^cache\/logs\/.*\.txt$/)],
  });
  expect(trained?.finishedAt).toBeGreaterThanOrEqual(trained?.startedAt ?? Infinity);
  expect(broken).toMatchObject({
    outcome: { kind: 'failed', failure: { kind: 'exit', code: 3 } },
    metrics: {},
    series: {},
  });
});

test('a run that found its results in place shows the params and metrics of that time', async () => {
  using project = inProcess();
  const run = async (rate: number): Promise<string> => {
    project.write({ 'pipeline.yaml': pipeline(rate) });
    return (await project.run({ patterns: ['train'] })).summary?.run ?? '';
  };
  await run(2);
  const idle = await run(2);
  await run(3);
  const [instance, ...others] = (await historyOf(project, idle)).instances;
  expect(others).toEqual([]);
  expect(instance).toMatchObject({
    outcome: { kind: 'up-to-date' },
    params: { rate: 2 },
    metrics: { score: 20 },
    attempts: [],
  });
});

test('a faulty pipeline file hides the metrics, and nothing else', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  const { summary } = await project.run({ patterns: ['train'] });
  project.write({ 'pipeline.yaml': 'stages: [' });
  const { instances } = await historyOf(project, summary?.run ?? '');
  expect(instances).toMatchObject([{ outcome: { kind: 'ran' }, params: { rate: 2 }, metrics: {} }]);
});

test('an unknown run has no history', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  expect(await project.ask((open) => open.runHistory('r'))).toEqual({ ok: true, value: undefined });
  expect(await project.ask((open) => open.eventsSince('r', 0))).toEqual({ ok: true, value: undefined });
});

test('a run with nothing to do makes five commits: lock, start, events, end, unlock', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  const later = () => BigInt(Date.now() + 60_000) * 1_000_000n;
  const run = () => project.run({ patterns: ['train'] }, workspaceDisk, undefined, later);
  for (let count = 0; count < 3; count++) await run();
  // As long as this is open, the log of writes is kept: a commit is a frame with the size of the database in
  // it.
  const watcher = openDatabase(join(project.root, 'cache/pipeline.sqlite'));
  watcher.pragma('wal_checkpoint(TRUNCATE)');
  watcher.exec('BEGIN');
  watcher.prepare('SELECT * FROM runs').all();
  await run();
  const log = readFileSync(join(project.root, 'cache/pipeline.sqlite-wal'));
  watcher.exec('ROLLBACK');
  watcher.close();
  const pageSize = log.readUInt32BE(8);
  const frames = Array.from({ length: Math.floor((log.length - 32) / (24 + pageSize)) }, (_, index) =>
    log.readUInt32BE(32 + index * (24 + pageSize) + 4),
  );
  expect(frames.filter((size) => size !== 0)).toHaveLength(5);
});

test('a cache of version 0.1.0 can be opened: history and metrics are kept under current names', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(2) });
  await project.run({ patterns: ['train'] });
  const metrics = await project.ask((open) => open.metrics({ patterns: [], mode: 'needs' }));
  const file = join(project.root, 'cache/pipeline.sqlite');
  asVersion010(file);
  expect(await project.ask((open) => open.metrics({ patterns: [], mode: 'needs' }))).toEqual(metrics);
  const history = valueOf(await project.ask((open) => open.history(5)));
  expect(history.map(({ counts, state }) => [counts['up-to-date'], counts.ran, state])).toEqual([
    [1, 0, 'done'],
    [0, 1, 'done'],
  ]);
  const [old] = (await historyOf(project, '20260101-000000-0000')).instances;
  expect(old).toMatchObject({ outcome: { kind: 'up-to-date' }, params: { rate: 2 }, metrics: { score: 20 } });
  expect((await project.run({ patterns: ['train'] })).outcomes).toEqual({ train: 'up-to-date' });
});

/**
 * Writes the rows of a store anew with the tables of schema 4, and a run with nothing to do as 0.1.0 wrote
 * it.
 */
function asVersion010(file: string): void {
  const now = openDatabase(file);
  const tables = now.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
  const rows = new Map(
    tables.map((name) => [String(name), now.prepare(`SELECT * FROM ${String(name)}`).all()]),
  );
  now.close();
  const old = openDatabase(`${file}.old`);
  for (const step of migrations.slice(0, 4)) old.exec(step);
  for (const [table, records] of rows) {
    const columns = old.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table).map(String);
    if (columns.length === 0) continue;
    const insert = old.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
    );
    for (const record of records) insert.run(record);
  }
  old.exec(`
    DELETE FROM idle;
    UPDATE runs SET counts = '{"ran":1,"cached":0,"restored":0,"failed":0,"blocked":0,"skipped":0,"interrupted":0}';
    INSERT INTO runs (run, pipeline, file, pid, pid_started, started_at, finished_at, exit_code, counts, reaped)
      SELECT '20260101-000000-0000', pipeline, file, 1, '', 1, 2, 0, replace(replace(counts, '"ran":1', '"ran":0'), '"cached":0', '"cached":1'), 1 FROM runs;
    INSERT INTO events (run, sequence, instance, kind, body) VALUES
      ('20260101-000000-0000', 0, NULL, 'run-started', '{"kind":"run-started","at":1,"run":"20260101-000000-0000","pipeline":"pipeline","instances":["train"],"jobs":1}');
    UPDATE outcomes SET kind = 'cached';
    PRAGMA user_version = 4;
  `);
  old.close();
  renameSync(`${file}.old`, file);
}
