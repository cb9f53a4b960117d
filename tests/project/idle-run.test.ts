import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { idleRequest } from '../../src/runner/project/idle-run.ts';
import type { RunRequest } from '../../src/runner/run-request.ts';
import { DiskFault, watchedDisk } from '../rig/disk-twins.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { fakeExecutor } from '../rig/fake-executor.ts';
import { later } from '../rig/bare-workspace.ts';
import { watchRows } from '../rig/watch-rows.ts';
import { wholeRun } from '../rig/whole-run.ts';
import { openDatabase } from '../rig/open-database.ts';

const width = 4;
const pipeline = {
  stages: {
    a: {
      matrix: { n: Array.from({ length: width }, (_, index) => index) },
      cmd: ['bin/make', '${outs.o}', '${n}'],
      code: ['lib'],
      env: ['SALT'],
      deps: { data: 'data', rows: 'rows' },
      outs: { o: 'o' },
    },
    b: {
      cmd: 'cat ${deps.a} > ${outs.o}',
      deps: { a: { from: 'a', out: 'o', gather: true } },
      outs: { o: 'o' },
    },
  },
};
const all = [...Array.from({ length: width }, (_, n) => `a[${n}]`), 'b'];
const each = (outcome: string): Readonly<Record<string, string>> =>
  Object.fromEntries(all.map((id) => [id, outcome]));

/** A project whose last run had nothing to do, and left that to be remembered. */
async function idle(): Promise<InProcess> {
  const project = inProcess();
  project.write({
    'data/x': 'x',
    'data/sub/y': 'y',
    rows: 'rows',
    'lib/code.txt': 'code',
    'bin/make': '#!/bin/sh\necho "$2" > "$1"\n',
    'pipeline.yaml': pipeline,
    'experiments/other.yaml': 'name: other\nstages: {}\n',
  });
  chmodSync(join(project.root, 'bin/make'), 0o755);
  const first = await project.run();
  expect(first.problem).toBeUndefined();
  expect(first.outcomes).toEqual(each('ran'));
  await untilSettled(project);
  expect((await project.run()).outcomes).toEqual(each('up-to-date'));
  expect(remembered(project)).toBe(1);
  return project;
}

/** What was just written is too young to be told by its stamp: an hour later it is not. */
async function untilSettled(project: InProcess): Promise<void> {
  await project.run({}, undefined, undefined, later);
}

function remembered({ root }: InProcess): number {
  using database = rows(root);
  return Number(database.read("SELECT count(*) AS count FROM idle WHERE record <> ''"));
}

function rows(root: string): Disposable & { read(sql: string): unknown; write(sql: string): void } {
  const database = openDatabase(join(root, 'cache/pipeline.sqlite'));
  return {
    read: (sql) => database.prepare(sql).pluck().get(),
    write: (sql) => {
      database.exec(sql);
    },
    [Symbol.dispose]: () => {
      database.close();
    },
  };
}

test('a run with nothing to do repeats the reads of the previous one, and plans nothing', async () => {
  using project = await idle();
  const calls: string[] = [];
  const statements: string[] = [];
  const end = watchRows(['run', 'get', 'all'], (statement) => statements.push(statement));
  const run = await project.run(
    {},
    watchedDisk(({ name }) => calls.push(name)),
  );
  end();
  expect(run.outcomes).toEqual(each('up-to-date'));
  expect(new Set(calls)).toEqual(new Set(['lstat', 'stat', 'realPath']));
  // As many rows, however many instances.
  expect(statements.filter((statement) => /plans|stats|entries WHERE/.test(statement))).toEqual([]);
  const events = run.events.map((event) =>
    event.kind === 'found-in-place' ? [event.kind, event.instances, event.keys.length] : event.kind,
  );
  expect(events).toEqual(['run-started', ['found-in-place', all, all.length], 'run-finished']);
});

test('so does a run of a pipeline with a frozen stage, which still warns', async () => {
  using project = inProcess();
  const stages = {
    a: { cmd: 'cat ${deps.rows} > ${outs.o}', deps: { rows: 'rows' }, outs: { o: 'o' } },
    b: { cmd: 'cat ${deps.a} > ${outs.o}', deps: { a: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  };
  project.write({ rows: 'rows', 'pipeline.yaml': { stages } });
  await project.run();
  project.write({
    rows: 'more',
    'pipeline.yaml': { stages: { ...stages, a: { ...stages.a, frozen: true } } },
  });
  await untilSettled(project);
  await project.run();
  expect(remembered(project)).toBe(1);
  const calls: string[] = [];
  const run = await project.run(
    {},
    watchedDisk(({ name }) => calls.push(name)),
  );
  expect(new Set(calls)).toEqual(new Set(['lstat', 'stat', 'realPath']));
  expect(run.outcomes).toEqual({ a: 'up-to-date', b: 'up-to-date' });
  expect(run.warnings).toEqual(['frozen']);
  expect(run.summary).toMatchObject({ frozen: ['a'] });
  rmSync(join(project.root, 'artifacts/pipeline/a/o'));
  expect((await project.run()).outcomes).toMatchObject({ a: 'restored' });
  project.write({ 'pipeline.yaml': { stages } });
  expect((await project.run()).outcomes).toMatchObject({ a: 'ran' });
});

describe('changes are noticed by the run after a run with nothing to do', () => {
  const place = ({ root }: InProcess, path: string): string => join(root, path);
  const out = 'artifacts/pipeline/a/0/o';

  function anyObject({ root }: InProcess): string {
    const folder = join(root, 'cache/objects', readdirSync(join(root, 'cache/objects'))[0] ?? '');
    return join(folder, readdirSync(folder)[0] ?? '');
  }
  test.each<[string, (project: InProcess) => void, string]>([
    ['an out deleted', (project) => rmSync(place(project, out)), 'restored'],
    [
      'an out edited, its size and time kept',
      (project) => {
        const { atime, mtime } = statSync(place(project, out));
        writeFileSync(place(project, out), '9\n');
        utimesSync(place(project, out), atime, mtime);
      },
      'restored',
    ],
    ['an out that lost its mode', (project) => chmodSync(place(project, out), 0o755), 'restored'],
    [
      'an out replaced by a link',
      (project) => {
        renameSync(place(project, out), place(project, 'elsewhere'));
        symlinkSync(place(project, 'elsewhere'), place(project, out));
      },
      'restored',
    ],
    ['a file of a dep edited', (project) => writeFileSync(place(project, 'data/sub/y'), 'z'), 'ran'],
    ['a file that is new in a dep', (project) => writeFileSync(place(project, 'data/sub/new'), ''), 'ran'],
    [
      'a file of a dep renamed',
      (project) => renameSync(place(project, 'data/x'), place(project, 'data/X')),
      'ran',
    ],
    ['the program edited', (project) => appendFileSync(place(project, 'bin/make'), '# more\n'), 'ran'],
    ['a file that is new in its code', (project) => writeFileSync(place(project, 'lib/more.txt'), ''), 'ran'],
    [
      'another param',
      (project) => project.write({ 'pipeline.yaml': JSON.stringify(pipeline).replace('${n}', '${n}${n}') }),
      'ran',
    ],
    ['an object deleted', (project) => rmSync(anyObject(project)), 'ran'],
    [
      'the entries deleted',
      ({ root }) => {
        using database = rows(root);
        database.write('DELETE FROM entries');
      },
      'ran',
    ],
  ])('%s', async (_, change, outcome) => {
    using project = await idle();
    change(project);
    const { outcomes } = await project.run();
    expect(Object.values(outcomes)).toContain(outcome);
    // And when it has been put right, there is nothing to do again.
    await untilSettled(project);
    expect(Object.values((await project.run()).outcomes)).not.toContain('ran');
  });

  test('a missing dep, and a pipeline file with a fault', async () => {
    using project = await idle();
    renameSync(place(project, 'rows'), place(project, 'gone'));
    expect((await project.run()).problem).toContain('missing-file');
    renameSync(place(project, 'gone'), place(project, 'rows'));
    project.write({ 'pipeline.yaml': 'stages: [' });
    expect((await project.run()).problem).toBeDefined();
  });

  test('another pipeline file of the same name', async () => {
    using project = await idle();
    project.write({ 'experiments/new.yaml': 'name: pipeline\n' });
    expect((await project.run()).problem).toContain('same-name');
  });

  test('a new pipeline name in the file', async () => {
    using project = await idle();
    project.write({ 'experiments/other.yaml': 'name: pipeline\n' });
    expect((await project.run()).problem).toContain('same-name');
  });

  test('a variable that results depend on', async () => {
    using project = await idle();
    process.env['SALT'] = 'some';
    try {
      expect((await project.run()).outcomes).toMatchObject({ 'a[0]': 'ran' });
    } finally {
      delete process.env['SALT'];
    }
  });

  test('a failing disk: reported as by a run that plans', async () => {
    using project = await idle();
    const broken = watchedDisk((call) => {
      if (call.paths.some((path) => path.endsWith('a/0/o'))) throw new DiskFault('EIO', call);
    });
    expect((await project.run({}, broken)).outcomes['a[0]']).toBe('failed');
  });
});

describe('a row that such a run reads', () => {
  const any: Readonly<Record<string, string>> = {
    entries: "('0', '{}', '{}', 'r', 0, 0, 0, NULL, NULL)",
    results: "('p', 'i', 'k', '{}', 'r', 0)",
    outcomes: "('p', 'i', 'r', 'ran')",
    placements: "('path', 'p', 'i', 'file', '0')",
    bundles: "('path', '{}')",
    programs: "('digest', '{}')",
    reproduced: "('program', 'key')",
    stats: "('path', '0:0:0:0:0', '0')",
  };

  test.each(Object.keys(any))('of %s that appears or disappears: the record is dropped', async (table) => {
    using project = await idle();
    using database = rows(project.root);
    database.write(`INSERT INTO ${table} VALUES ${any[table] ?? ''}`);
    // A new reading spares one, no more.
    expect(remembered(project)).toBe(table === 'stats' ? 1 : 0);
    await project.run();
    await project.run();
    expect(remembered(project)).toBe(1);
    database.write(`DELETE FROM ${table}`);
    expect(remembered(project)).toBe(0);
  });

  test('of a killed run: its leftovers are removed', async () => {
    using project = await idle();
    {
      using database = rows(project.root);
      database.write('UPDATE runs SET reaped = 0');
    }
    project.write({ 'cache/attempts/some/half': 'x' });
    expect((await project.run()).outcomes).toEqual(each('up-to-date'));
    expect(existsSync(join(project.root, 'cache/attempts/some'))).toBe(false);
  });
});

test('values of variables, which may be secret, are not stored', async () => {
  process.env['SALT'] = 'a-secret-value';
  try {
    using project = await idle();
    using database = rows(project.root);
    expect(String(database.read("SELECT record FROM idle WHERE record <> ''"))).not.toContain(
      'a-secret-value',
    );
  } finally {
    delete process.env['SALT'];
  }
});

test('another program that PATH finds first is noticed', async () => {
  const before = process.env['PATH'] ?? '';
  using project = inProcess();
  project.write({
    'first/tool': '#!/bin/sh\necho one > "$1"\n',
    'second/tool': '#!/bin/sh\necho two > "$1"\n',
    'pipeline.yaml': { stages: { a: { cmd: ['tool', '${outs.o}'], outs: { o: 'o' } } } },
  });
  for (const folder of ['first', 'second']) chmodSync(join(project.root, folder, 'tool'), 0o755);
  try {
    process.env['PATH'] = `${join(project.root, 'first')}:${before}`;
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    await untilSettled(project);
    await project.run();
    expect(remembered(project)).toBe(1);
    process.env['PATH'] = `${join(project.root, 'second')}:${process.env['PATH']}`;
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  } finally {
    process.env['PATH'] = before;
  }
});

test('a warning about the pipeline file is reported by every run', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': { vars: { unused: 1 }, stages: { a: { cmd: 'echo > ${outs.o}', outs: { o: 'o' } } } },
    'experiments/x.yaml': 'name: x\nextends: ../pipeline.yaml\nvars: { unused: 2 }\n',
  });
  for (const outcome of ['ran', 'up-to-date', 'up-to-date', 'up-to-date']) {
    const run = await project.run({}, undefined, 'experiments/x.yaml');
    expect([run.outcomes, run.warnings]).toEqual([{ a: outcome }, ['unreached-var']]);
  }
});

describe('the request', () => {
  const place = { root: '/p', file: 'pipeline.yaml' };
  const requested = { place, executor: fakeExecutor() };

  test('is another one for any option that changes the run', () => {
    const texts = [
      idleRequest('program', requested, [], wholeRun),
      idleRequest('another program', requested, [], wholeRun),
      idleRequest('program', { ...requested, place: { ...place, root: '/q' } }, [], wholeRun),
      idleRequest('program', { ...requested, place: { ...place, file: 'experiments/x.yaml' } }, [], wholeRun),
      idleRequest('program', requested, ['vars.n=2'], wholeRun),
      idleRequest('program', requested, [], { ...wholeRun, patterns: ['a'] }),
      idleRequest('program', requested, [], { ...wholeRun, jobs: 77 }),
    ].map((idle_) => idle_?.text);
    expect(texts).not.toContain(undefined);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test.each<[string, Partial<RunRequest>]>([
    ['--force', { force: true }],
    ['--retry-failed', { retryFailed: true }],
    ['--only', { mode: 'only' }],
    ['--from', { mode: 'from' }],
    ['--until', { mode: 'until' }],
  ])('with %s is never remembered', (_, more) => {
    expect(idleRequest('program', requested, [], { ...wholeRun, ...more })).toBeUndefined();
  });
});

test('another request is checked anew', async () => {
  using project = await idle();
  expect((await project.run({ force: true, patterns: ['b'] })).outcomes).toMatchObject({ b: 'ran' });
  expect(Object.keys((await project.run({ patterns: ['a[1]'] })).outcomes)).toEqual(['a[1]']);
  expect((await project.run()).outcomes).toEqual(each('up-to-date'));
});

test('a damaged record is ignored', async () => {
  using project = await idle();
  {
    using database = rows(project.root);
    database.write("UPDATE idle SET record = replace(record, 'a[1]', 'a[7]')");
  }
  expect((await project.run()).outcomes).toEqual(each('up-to-date'));
});

test('a row changed during the check: nothing is remembered', async () => {
  using project = await idle();
  {
    using database = rows(project.root);
    database.write('DELETE FROM idle');
  }
  let done = false;
  await project.run(
    {},
    watchedDisk(() => {
      if (done) return;
      done = true;
      using database = rows(project.root);
      database.write("DELETE FROM stats WHERE path = 'rows'");
    }),
  );
  expect(done && remembered(project)).toBe(0);
});

test('a file written just now is not remembered by its stamp', async () => {
  using project = await idle();
  {
    using database = rows(project.root);
    database.write('DELETE FROM idle');
  }
  // The clock stands where the file was written.
  writeFileSync(join(project.root, 'pipeline.yaml'), JSON.stringify(pipeline));
  const written = statSync(join(project.root, 'pipeline.yaml'), { bigint: true }).ctimeNs;
  const next = written + 1_000_000_000n;
  await project.run({}, undefined, undefined, () => written);
  expect(remembered(project)).toBe(0);
  await project.run({}, undefined, undefined, () => next);
  expect(remembered(project)).toBe(1);
});
