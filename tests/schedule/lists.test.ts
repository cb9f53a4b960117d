import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRig, type PipelineResult, type Rig } from '../rig/rig.ts';

/** A list, an instance for each of its elements, and what gathers them. */
function fanOut(rig: Rig, list: unknown, more: Readonly<Record<string, unknown>> = {}): void {
  rig.write({
    'list.json': JSON.stringify(list),
    'pipeline.yaml': {
      name: 'fan',
      stages: {
        list: {
          cmd: 'cp ${deps.list} ${outs.shards}',
          deps: { list: 'list.json' },
          outs: { shards: 'shards.json' },
        },
        split: {
          matrix: { shard: { $from: 'list', out: 'shards', ...more } },
          cmd: 'echo ${shard} > ${outs.part}',
          outs: { part: 'part.txt' },
        },
        merge: {
          cmd: 'cat /dev/null ${deps.parts} > ${outs.all}',
          deps: { parts: { from: 'split', out: 'part', gather: true } },
          outs: { all: 'all.txt' },
        },
      },
    },
  });
}

const merged = (rig: Rig): string => rig.read('artifacts/fan/merge/all.txt');
const listsOf = ({ json }: PipelineResult): object => {
  const { ran, restored, failed, blocked } = json;
  return { ran, restored, failed, blocked, upToDate: json['up-to-date'] };
};

test('a run makes the list, plans again and continues, as one run', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a', 'b']);
  const run = await rig.pipeline('run').result;
  expect(run.code).toBe(0);
  expect(listsOf(run)).toMatchObject({ ran: ['list', 'split[a]', 'split[b]', 'merge'] });
  expect(merged(rig)).toBe('a\nb\n');
  expect(run.stderr).toContain('split[*], merge known after list');
  expect(run.events.filter(({ kind }) => kind === 'run-started' || kind === 'run-finished')).toHaveLength(2);
  const history = JSON.parse((await rig.pipeline('history', '--json').result).stdout);
  expect(history.runs).toMatchObject([{ state: 'done', counts: { ran: 4 } }]);

  const again = await rig.pipeline('run').result;
  expect(listsOf(again)).toMatchObject({ upToDate: ['list', 'split[a]', 'split[b]', 'merge'], ran: [] });
});

test('a changed list runs new instances, and the stages that gather them', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a', 'b']);
  await rig.pipeline('run').result;
  rig.write({ 'list.json': '["b", "c"]' });
  const run = await rig.pipeline('run').result;
  expect(listsOf(run)).toMatchObject({ ran: ['list', 'split[c]', 'merge'], upToDate: ['split[b]'] });
  expect(merged(rig)).toBe('b\nc\n');
  const planned = run.events.filter((event) => event.kind === 'planned-again');
  expect(planned.at(-1)).toMatchObject({ added: ['split[c]'], removed: ['split[a]'], awaited: [] });
  const history = JSON.parse((await rig.pipeline('history', '--json').result).stdout);
  expect(history.runs[0].counts).toMatchObject({ ran: 3, 'up-to-date': 1 });

  // The bytes of the list are the same: nothing after it is made again.
  rig.write({ 'list.json': '["c","b"]' });
  expect(listsOf(await rig.pipeline('run').result)).toMatchObject({
    ran: ['list'],
    upToDate: ['split[c]', 'split[b]', 'merge'],
  });
  expect(merged(rig)).toBe('b\nc\n');
});

test('a shard that reads a missing file does not block the list that drops it', async () => {
  await using rig = await createRig();
  rig.write({
    'list.json': '["a", "b"]',
    'rows/a': '1',
    'rows/b': '2',
    'pipeline.yaml': {
      stages: {
        list: {
          cmd: 'cp ${deps.list} ${outs.shards}',
          deps: { list: 'list.json' },
          outs: { shards: 'shards.json' },
        },
        split: {
          matrix: { shard: { $from: 'list', out: 'shards' } },
          cmd: 'cp ${deps.rows} ${outs.part}',
          deps: { rows: 'rows/${shard}' },
          outs: { part: 'part.txt' },
        },
      },
    },
  });
  expect(listsOf(await rig.pipeline('run').result)).toMatchObject({ ran: ['list', 'split[a]', 'split[b]'] });
  rmSync(join(rig.root, 'rows/b'));
  const still = await rig.pipeline('run').result;
  expect(still.code).toBe(2);
  expect(still.stderr).toContain('rows/b: no such file');
  rig.write({ 'list.json': '["a", "c"]' });
  expect((await rig.pipeline('run', '--dry-run').result).code).toBe(0);
  const lacking = await rig.pipeline('run').result;
  expect(lacking.code).toBe(1);
  expect(listsOf(lacking)).toMatchObject({ ran: ['list'] });
  expect(lacking.stderr).toContain('rows/c: no such file');
  rig.write({ 'list.json': '["a"]' });
  expect(listsOf(await rig.pipeline('run').result)).toMatchObject({ ran: ['list'], upToDate: ['split[a]'] });
});

test('status and a dry run show what is known only after the list', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a']);
  const before = await rig.pipeline('run', '--dry-run').result;
  expect(before.stderr.split('\n').map((line) => line.trim())).toEqual([
    'will run  list  no result yet',
    'unknown   split[*]  known after list',
    'unknown   merge  known after list',
    '1 will run, 0 may run, 0 up to date',
    '',
  ]);
  const unknown = await rig.pipeline('status').result;
  expect(unknown.stdout, unknown.stderr).toMatch(/split\[\*\] +unknown +known after list/);

  await rig.pipeline('run').result;
  const done = await rig.pipeline('status').result;
  expect(done.stdout).toBe('3 instances: 3 up to date\n');
  rig.write({ 'list.json': '["a", "b"]' });
  const status = JSON.parse((await rig.pipeline('status', '--json').result).stdout);
  expect(status.awaited).toEqual([{ name: 'split[*]', after: ['list'] }]);
  expect(status.instances.map(({ instance, state }: Record<string, string>) => [instance, state])).toEqual([
    ['list', 'out-of-date'],
    ['split[a]', 'waiting'],
    ['merge', 'waiting'],
  ]);
});

test('a graph shows what is known only after a list, in each format', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a']);
  const graph = async (...words: readonly string[]) => (await rig.pipeline('graph', ...words).result).stdout;
  expect(await graph()).toBe('list\nsplit[*]  (known after list)\nmerge  (known after list)\n');
  expect(await graph('--format', 'mermaid')).toContain('n0 -.-> n1');
  expect(await graph('--format', 'dot')).toContain('"list" -> "split[*]" [style=dashed];');
  expect(JSON.parse(await graph('--json')).awaited).toEqual([
    { name: 'split[*]', after: ['list'] },
    { name: 'merge', after: ['list'] },
  ]);
  await rig.pipeline('run').result;
  expect(JSON.parse(await graph('--json')).awaited).toEqual([]);
});

test('a selection that only an unknown value could match is decided after the list', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a', 'b']);
  const first = await rig.pipeline('run', 'split[b]').result;
  expect(listsOf(first)).toMatchObject({ ran: ['list', 'split[b]'] });

  const known = await rig.pipeline('run', 'split[c]').result;
  expect(known.code).toBe(2);
  expect(known.stderr).toContain('no instance of split matches "split[c]"');

  rig.write({ 'list.json': '["b", "c"]' });
  expect(listsOf(await rig.pipeline('run', 'split[c]').result)).toMatchObject({ ran: ['list', 'split[c]'] });

  rig.write({ 'list.json': '["b"]' });
  const gone = await rig.pipeline('run', 'split[c]').result;
  expect(gone.code).toBe(1);
  expect(listsOf(gone)).toMatchObject({ ran: ['list'] });
  expect(gone.stderr).toContain('no instance of split matches "split[c]": there are split[b]');
});

test('what needs a missing list is refused with the stage that makes it', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a']);
  const only = await rig.pipeline('run', '--only', 'split').result;
  expect(only.code).toBe(2);
  expect(only.stderr).toContain('split[*] is not known yet: it depends on a list of list');
  expect(only.stderr).toContain('compute it with `pipeline run list`');
  await rig.pipeline('run', 'list').result;
  expect(listsOf(await rig.pipeline('run', '--only', 'split').result)).toMatchObject({ ran: ['split[a]'] });
});

test('an empty list is an error that says how to allow it, also during a run', async () => {
  await using rig = await createRig();
  fanOut(rig, []);
  const first = await rig.pipeline('run').result;
  expect(first.code).toBe(1);
  expect(listsOf(first)).toMatchObject({ ran: ['list'] });
  expect(first.stderr).toContain('the list shards of list gives shard no values: it is empty');
  expect(first.stderr).toContain('`allowEmpty: true`');
  const status = await rig.pipeline('status').result;
  expect(status.stdout).toMatch(/split\[\*\] +unknown/);
  expect(status.stderr).toContain('warning: the list shards of list gives shard no values: it is empty');
  // The list is what it is now: nothing can run.
  const second = await rig.pipeline('run').result;
  expect(second.code).toBe(2);
  expect(second.stderr).toContain('it is empty');
  // What makes it can always run.
  rig.write({ 'list.json': '["a"]' });
  expect(listsOf(await rig.pipeline('run').result)).toMatchObject({ ran: ['list', 'split[a]', 'merge'] });

  fanOut(rig, [], { allowEmpty: true });
  const allowed = await rig.pipeline('run').result;
  expect(listsOf(allowed)).toMatchObject({ restored: ['list'], ran: ['merge'] });
  expect(merged(rig)).toBe('');
});

test('a run killed between the list and its shards continues where it stopped', async () => {
  await using rig = await createRig();
  const shard = rig.puppet();
  rig.write({
    'list.json': '["a", "b"]',
    'pipeline.yaml': {
      stages: {
        list: {
          cmd: 'cp ${deps.list} ${outs.shards}',
          deps: { list: 'list.json' },
          outs: { shards: 'shards.json' },
        },
        split: {
          matrix: { shard: { $from: 'list', out: 'shards' } },
          cmd: shard.cmd,
          params: { shard: '${shard}' },
          outs: { part: 'part.txt' },
        },
      },
    },
  });
  const killed = rig.process('run', '--jobs', '1');
  const first = await shard.nextStart();
  killed.kill('SIGKILL');
  await killed.result;
  await first.gone;
  const run = rig.pipeline('run', '--jobs', '1');
  for (const part of ['1', '2']) await (await shard.nextStart()).exit(0, { part });
  expect(listsOf(await run.result)).toMatchObject({ ran: ['split[a]', 'split[b]'], upToDate: ['list'] });
});

test('Ctrl-C while the list is made ends the run; a failed list blocks its known dependents', async () => {
  await using rig = await createRig();
  const list = rig.puppet();
  const stages = (outs: object) => ({
    stages: {
      list: { cmd: list.cmd, deps: { seed: 'seed' }, outs },
      split: {
        matrix: { shard: { $from: 'list', out: 'shards' } },
        cmd: 'echo ${shard} > ${outs.part}',
        outs: { part: 'part.txt' },
      },
      other: { cmd: 'echo 1 > ${outs.o}', outs: { o: 'o.txt' } },
    },
  });
  rig.write({ seed: '1', 'pipeline.yaml': stages({ shards: 'shards.json' }) });
  const stopped = rig.process('run');
  const started = await list.nextStart();
  stopped.kill('SIGINT');
  await started.gone;
  expect(await stopped.result).toMatchObject({
    code: 130,
    json: { interrupted: ['list'], skipped: ['other'] },
  });

  const run = rig.pipeline('run');
  await (await list.nextStart()).exit(0, { shards: '["a"]' });
  expect(listsOf(await run.result)).toMatchObject({ ran: ['list', 'split[a]', 'other'] });

  rig.write({ seed: '2' });
  const failing = rig.pipeline('run', '--keep-going');
  await (await list.nextStart()).exit(1);
  const failed = await failing.result;
  expect(failed.code).toBe(1);
  expect(listsOf(failed)).toMatchObject({ failed: ['list'], blocked: ['split[a]'], upToDate: ['other'] });
});

test('a list whose input is edited while it is made is not used for planning', async () => {
  await using rig = await createRig();
  const list = rig.puppet();
  rig.write({
    seed: '1',
    'pipeline.yaml': {
      stages: {
        list: { cmd: list.cmd, deps: { seed: 'seed' }, outs: { shards: 'shards.json' } },
        split: {
          matrix: { shard: { $from: 'list', out: 'shards' } },
          cmd: 'echo ${shard} > ${outs.part}',
          outs: { part: 'part.txt' },
        },
      },
    },
  });
  const first = rig.pipeline('run');
  const started = await list.nextStart();
  rig.write({ seed: '2' });
  await started.exit(0, { shards: '["a"]' });
  const edited = await first.result;
  expect(edited.code).toBe(1);
  expect(edited.stderr).toContain('the list of list is unknown');
  const second = rig.pipeline('run');
  await (await list.nextStart()).exit(0, { shards: '["b"]' });
  expect(listsOf(await second.result)).toMatchObject({ ran: ['list', 'split[b]'] });
});

test('gc keeps the results of all shards while the list is out of date', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a', 'b']);
  await rig.pipeline('run').result;
  fanOut(rig, ['b']);
  await rig.pipeline('run').result;
  const part = join(rig.root, 'artifacts/fan/split/a/part.txt');
  rig.write({ 'list.json': '["a", "b", "c"]' });
  await rig.pipeline('gc', '--keep-runs', '0').result;
  expect(existsSync(part)).toBe(true);
  const run = await rig.pipeline('run').result;
  expect(listsOf(run)).toMatchObject({
    ran: ['list', 'split[c]', 'merge'],
    upToDate: ['split[a]', 'split[b]'],
  });

  rig.write({ 'list.json': '["c"]' });
  await rig.pipeline('run').result;
  await rig.pipeline('gc', '--keep-runs', '0').result;
  expect(existsSync(part)).toBe(false);
});

test('--force reruns the named instances, each once', async () => {
  await using rig = await createRig();
  fanOut(rig, ['a']);
  await rig.pipeline('run').result;
  const run = await rig.pipeline('run', '--force').result;
  expect(listsOf(run)).toMatchObject({ ran: ['list', 'split[a]', 'merge'] });
  expect(run.events.filter(({ kind }) => kind === 'started')).toHaveLength(3);
});

test('lists of lists make a run plan as many times', async () => {
  await using rig = await createRig();
  rig.write({
    'pipeline.yaml': {
      stages: {
        books: { cmd: `echo '["x", "y"]' > \${outs.all}`, outs: { all: 'all.json' } },
        pages: {
          matrix: { book: { $from: 'books', out: 'all' } },
          cmd: `printf '"%s1"\\n"%s2"\\n' \${book} \${book} > \${outs.all}`,
          outs: { all: 'all.jsonl' },
        },
        read: {
          matrix: { book: { $from: 'books', out: 'all' }, page: { $from: 'pages', out: 'all' } },
          cmd: 'echo ${page} > ${outs.o}',
          outs: { o: 'o.txt' },
        },
      },
    },
  });
  const run = await rig.pipeline('run').result;
  expect(listsOf(run)).toMatchObject({
    ran: ['books', 'pages[x]', 'pages[y]', 'read[x,x1]', 'read[x,x2]', 'read[y,y1]', 'read[y,y2]'],
  });
});
