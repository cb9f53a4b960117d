import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { statusText } from '../../src/runner/report/status-text.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

const reading = (rows: unknown, more: object = {}): object => ({
  stages: {
    ...more,
    fit: { cmd: 'cat ${deps.rows} > ${outs.o}', deps: { rows }, outs: { o: 'o' } },
  },
});
const result = 'artifacts/pipeline/fit/o';

function withFiles(
  rows: unknown,
  files: Readonly<Record<string, unknown>> = { 'data/b.csv': 'b', 'data/a.csv': 'a', 'data/c.txt': 'c' },
): InProcess {
  const project = inProcess();
  project.write({ ...files, 'pipeline.yaml': reading(rows) });
  return project;
}

async function explained(project: InProcess): Promise<string> {
  const explanation = await project.ask((open) => open.explain('fit'));
  if (!explanation.ok) throw new Error(JSON.stringify(explanation.error));
  return explanationText(explanation.value).replaceAll(/[0-9a-f]{8,}/g, '…');
}

test('matched files are read in name order; unmatched ones do not count', async () => {
  using project = withFiles('data/*.csv');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('ab');
  project.write({ 'data/c.txt': 'other', 'data/.hidden.csv': 'h', 'data/sub/d.csv': 'd' });
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date' });
});

test('an added, changed, renamed or removed file reruns the stage, which names it', async () => {
  using project = withFiles('data/*.csv');
  await project.run();
  project.write({ 'data/d.csv': 'd', 'data/a.csv': 'A' });
  expect(await explained(project)).toContain('dep rows: a.csv changed, d.csv added\n');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  renameSync(join(project.root, 'data/d.csv'), join(project.root, 'data/0.csv'));
  expect(await explained(project)).toContain('dep rows: 0.csv added, d.csv removed\n');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('dAb');
  rmSync(join(project.root, 'data/b.csv'));
  expect(await explained(project)).toContain('dep rows: b.csv removed\n');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('a folder that contains all of it may be moved', async () => {
  using project = withFiles('data/*.csv');
  await project.run();
  renameSync(join(project.root, 'data'), join(project.root, 'rows'));
  project.write({ 'pipeline.yaml': reading('rows/*.csv') });
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date' });
});

test.each(['data/*.csv', 'data/**/*.csv', '**/*.csv'])(
  'a run with nothing to do notices a new file: %s',
  async (pattern) => {
    using project = withFiles(pattern);
    for (let runs = 0; runs < 4; runs++) await project.run();
    expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date' });
    project.write({ 'data/new.csv': 'n' });
    expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  },
);

test('a pattern without a match is an error at the dep; if optional, it gives no words', async () => {
  using project = withFiles('data/*.tsv');
  expect((await project.run()).problem).toBe('no-file: no file matches data/*.tsv');
  const refused = await project.ask((open) => open.dryRun(wholeRun));
  expect(refused).toMatchObject({ error: { diagnostics: [{ suggestion: 'data/*.csv' }] } });
  project.write({ 'pipeline.yaml': reading('dota/*.csv') });
  expect((await project.run()).problem).toContain(
    'no-file: no file matches dota/*.csv (dota: no such file or folder)',
  );
  project.write({ 'pipeline.yaml': reading({ path: 'data/*.tsv', optional: true }) });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('');
  project.write({ 'data/x.tsv': 'x' });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('x');
});

test('missing data of a pattern count as recorded, with --allow-missing', async () => {
  using project = withFiles('data/*.csv');
  await project.run();
  rmSync(join(project.root, 'data'), { recursive: true });
  const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
  expect(status.ok && statusText(status.value, { all: false, width: 80 })).toContain(
    'not checked: data/*.csv (not on this machine)',
  );
  expect((await project.run()).problem).toContain('no file matches data/*.csv');
  const ran = await project.run({ allowMissing: true });
  expect([ran.outcomes, ran.warnings]).toEqual([{ fit: 'up-to-date' }, ['not-checked']]);
});

test('a link to a file counts by its content; a dangling one is named', async () => {
  using project = withFiles('data/*.csv', { 'data/a.csv': 'a', 'elsewhere/x': 'x' });
  symlinkSync('../elsewhere/x', join(project.root, 'data/x.csv'));
  await project.run();
  expect(project.read(result)).toBe('ax');
  rmSync(join(project.root, 'elsewhere/x'));
  expect((await project.run()).problem).toContain('data/x.csv is a symbolic link to ../elsewhere/x');
});

test('the output of another stage is not read by a pattern', async () => {
  using project = withFiles('build/*/*.csv', {});
  const make = (path: string): object => ({
    cmd: 'echo > ${outs.o}',
    outs: { o: { path, workspace: true } },
  });
  project.write({ 'pipeline.yaml': reading('build/*/*.csv', { make: make('build/x') }) });
  expect((await project.run()).problem).toContain(
    'overlap: the dep rows of fit and the out o of make overlap: "build/x" can match "build/*/*.csv"',
  );
  project.write({ 'pipeline.yaml': reading('build/*/*.csv', { make: make('BUILD/x/y.csv') }) });
  expect((await project.run()).problem).toContain('overlap');
  project.write({ 'pipeline.yaml': reading('artifacts/**', { make: make('build/x.txt') }) });
  expect((await project.run()).problem).toContain('overlap');
  project.write({
    'build/a/a.csv': 'a',
    'pipeline.yaml': reading('build/*/*.csv', { make: make('build/x.txt/y') }),
  });
  expect((await project.run()).outcomes).toEqual({ make: 'ran', fit: 'ran' });
});

test('nor through a link, whether it exists already or not', async () => {
  using project = withFiles('linked/*.txt', { 'data/a.txt': '' });
  symlinkSync('data', join(project.root, 'linked'));
  const make = { cmd: 'echo > ${outs.o}', outs: { o: { path: 'data/made.txt', workspace: true } } };
  project.write({ 'pipeline.yaml': reading('linked/*.txt', { make }) });
  expect((await project.run()).problem).toContain('overlap');
});

test('wildcards do not match results, hidden files and ignored files', async () => {
  using project = withFiles('**/*', {
    'a/b/c.txt': 'c',
    '.git/config': 'g',
    'node_modules/x/y.js': 'j',
    'a/.cache/z': 'z',
    'a/skip.log': 's',
    '.pipelineignore': '*.log\n',
  });
  mkdirSync(join(project.root, 'artifacts'));
  project.write({ 'artifacts/other/x': 'x', 'pipeline.yaml': reading('**/*.t*') });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('c');
  project.write({ 'pipeline.yaml': reading('a/**') });
  await project.run();
  expect(await explained(project)).toContain('ignored: a/skip.log (*.log in .pipelineignore)');
  expect(project.read(result)).toBe('c');
  project.write({ 'pipeline.yaml': reading('a/.*/*') });
  await project.run();
  expect(project.read(result)).toBe('z');
});

test('in a list each file is a word; inside a word a pattern is refused', async () => {
  using project = withFiles('data/*.csv');
  const stage = (word: string): object => ({
    stages: {
      fit: {
        cmd: ['sh', '-c', 'printf "[%s]" "$@" > "$0"', '${outs.o}', word],
        deps: { rows: 'data/*.csv' },
        outs: { o: 'o' },
      },
    },
  });
  project.write({ 'pipeline.yaml': stage('${deps.rows}') });
  await project.run();
  expect(project.read(result)).toBe('[data/a.csv][data/b.csv]');
  project.write({ 'pipeline.yaml': stage('--in=${deps.rows}') });
  expect((await project.run()).problem).toContain('gather-in-text');
});

test('a stage program gets the files as a list', async () => {
  using project = withFiles('data/*.csv');
  project.write({
    'stages/fit.ts': `import { writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object' },
  deps: ['rows'],
  outs: ['o'],
  async run({ gathered, outs }) { writeFileSync(outs.o, JSON.stringify(gathered.rows)); },
};
`,
    'pipeline.yaml': {
      stages: { fit: { uses: 'stages/fit.ts', deps: { rows: 'data/*.csv' }, outs: { o: 'o' } } },
    },
  });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(JSON.parse(project.read(result))).toEqual([
    { axes: {}, path: 'data/a.csv' },
    { axes: {}, path: 'data/b.csv' },
  ]);
});

test('a file that a command names and a pattern matches is declared', async () => {
  using project = withFiles('data/*.csv');
  project.write({
    'pipeline.yaml': {
      stages: {
        fit: { cmd: 'cat data/a.csv > ${outs.o}', deps: { rows: 'data/*.csv' }, outs: { o: 'o' } },
      },
    },
  });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('a file that appears while the stage runs: the result is kept, not cached', async () => {
  using project = withFiles('data/*.csv');
  const cmd = 'cat ${deps.rows} > ${outs.o} && echo n > data/new.csv';
  const stages = { fit: { cmd, deps: { rows: 'data/*.csv' }, outs: { o: 'o' } } };
  project.write({ 'pipeline.yaml': { stages } });
  const ran = await project.run();
  const told = ran.events.flatMap((event) => (event.kind === 'warned' ? [event.diagnostic.message] : []));
  expect([ran.warnings, told.join()]).toEqual([['dep-changed'], expect.stringContaining('data/new.csv')]);
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('[*] and [?] are literal characters: a dep, and code, on a file with a wildcard', async () => {
  using project = inProcess();
  project.write({
    'data[*]/what?.csv': 'w',
    'data[*]/whatX.csv': 'x',
    'data*/what?.csv': 'one',
    'data*/whatX.csv': 'other',
    'data*/b.csv': 'b',
    'tool?.sh': 'cat "$2" "$3" > "$1"',
    'pipeline.yaml': {
      stages: {
        fit: {
          cmd: ['sh', 'tool?.sh', '${outs.o}', '${deps.one}', '${deps.more}'],
          code: ['tool[?].sh'],
          deps: { one: 'data[*]/what[?].csv', more: 'data[*]/b*.csv' },
          outs: { o: 'o' },
        },
      },
    },
  });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('oneb');
  project.write({ 'data*/whatX.csv': 'changed', 'data[*]/what?.csv': 'changed', 'toolX.sh': '' });
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date' });
  project.write({ 'data*/what?.csv': 'two' });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read(result)).toBe('twob');
  project.write({ 'tool?.sh': 'cat "$3" > "$1"' });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test.each(['data/[ab].csv', 'data/[ab]*.tsv', 'data/{a,b}.csv'])(
  'wildcards of shells only are named where nothing is found: %s',
  async (path) => {
    using project = withFiles(path);
    const asked = await project.ask((open) => open.dryRun(wholeRun));
    expect(JSON.stringify(asked)).toContain('[ ] and { } are no wildcards here');
  },
);
