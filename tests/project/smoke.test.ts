import { expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const stage = `
import { readFileSync, writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object', properties: { rows: { type: 'integer', minimum: 1 } }, required: ['rows'] },
  deps: ['in'], outs: ['out'],
  async run({ params, deps, outs }) {
    writeFileSync(outs.out, readFileSync(deps.in, 'utf8').split(' ').slice(0, params.rows).join(' '));
  },
};`;

const small = 'export const smoke = (params) => ({ ...params, rows: Math.min(2, params.rows) });';

async function projectOf(smoke = small, more: object = {}): Promise<Rig> {
  const rig = await createRig();
  rig.write({
    'stages/take.ts': stage,
    ...(smoke === '' ? {} : { 'stages/previews/take.ts': smoke }),
    'in.txt': 'a b c d',
    'pipeline.yaml': {
      stages: {
        take: {
          uses: 'stages/take.ts',
          params: { rows: 3 },
          deps: { in: 'in.txt' },
          outs: { out: 'out.txt' },
        },
        count: {
          cmd: `n=$(wc -w < \${deps.text}); printf '{"n": %d}' $n > \${outs.n}`,
          deps: { text: { from: 'take', out: 'out' } },
          outs: { n: { path: 'n.json', kind: 'metrics' } },
        },
        ...more,
      },
    },
  });
  return rig;
}

const folderOf = (json: Readonly<Record<string, unknown>>): string => {
  const { smoke } = json;
  return typeof smoke === 'object' && smoke !== null && 'folder' in smoke ? String(smoke.folder) : '';
};

test('a smoke run uses small params, is separate from real results, and reports what ran', async () => {
  await using rig = await projectOf();
  const first = await rig.pipeline('run', '--smoke').result;
  expect(first.json).toMatchObject({ exitCode: 0, ran: ['take', 'count'] });
  expect(first.json).toMatchObject({ smoke: { small: ['take'], whole: ['count'] } });
  const folder = folderOf(first.json);
  expect(rig.read(`${folder}/pipeline/take/out.txt`)).toBe('a b');
  expect(JSON.parse(rig.read(`${folder}/pipeline/count/n.json`))).toEqual({ n: 2 });
  expect(first.stderr).toContain('tried on few rows and steps: take');
  expect(first.stderr).toContain(
    'run at full size (their programs do not say how to make them small): count',
  );
  expect(rig.exists('artifacts')).toBe(false);

  // Nothing of it is known to the project.
  expect(JSON.parse((await rig.pipeline('history', '--json').result).stdout)).toMatchObject({ runs: [] });
  const real = await rig.pipeline('run').result;
  expect(real.json).toMatchObject({ ran: ['take', 'count'] });
  expect(JSON.parse(rig.read('artifacts/pipeline/count/n.json'))).toEqual({ n: 3 });

  // Nor does it take or change what is real; what an earlier one made is gone.
  const second = await rig.pipeline('run', '--smoke', 'take').result;
  expect(second.json).toMatchObject({ ran: ['take'] });
  expect(rig.exists(folder)).toBe(false);
  expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [], 'up-to-date': ['take', 'count'] });
  const metrics = await rig.pipeline('metrics', '--json').result;
  expect(JSON.parse(metrics.stdout)).toMatchObject({ instances: [{ instance: 'count', values: { n: 3 } }] });
  await rig.pipeline('gc').result;
  expect(rig.exists(folderOf(second.json))).toBe(false);
});

test('the preview of a program is not in any key', async () => {
  await using rig = await projectOf('');
  await rig.pipeline('run').result;
  for (const smoke of [small, small.replace('2', '1')]) {
    rig.write({ 'stages/previews/take.ts': smoke });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [] });
  }
  const tried = await rig.pipeline('run', '--smoke').result;
  expect(rig.read(`${folderOf(tried.json)}/pipeline/take/out.txt`)).toBe('a');
});

test('a failed smoke run fails the stage, and later runs are not affected', async () => {
  await using rig = await projectOf(small, {
    fail: { cmd: 'echo no card; exit 3', deps: { text: { from: 'take', out: 'out' } }, outs: { o: 'o' } },
  });
  const failed = await rig.pipeline('run', '--smoke', '--keep-going').result;
  expect(failed.code).toBe(1);
  expect(failed.json).toMatchObject({ failed: ['fail'], ran: ['take', 'count'] });
  expect(failed.stderr).toContain('exit code 3');
  expect(failed.stderr).toContain('the output of its stages is in cache/logs/');
  expect(failed.stderr).not.toContain('pipeline log');
  expect((await rig.pipeline('run', 'count').result).json).toMatchObject({ ran: ['take', 'count'] });
});

test("a workspace out goes to the smoke run's folder; a literal path in a command is refused", async () => {
  await using rig = await projectOf(small, {
    kept: {
      cmd: 'echo new > ${outs.o}',
      outs: { o: { path: 'kept.txt', workspace: true } },
    },
  });
  rig.write({ 'kept.txt': 'mine' });
  const tried = await rig.pipeline('run', '--smoke', 'kept').result;
  expect(tried.json).toMatchObject({ ran: ['kept'] });
  expect(rig.read('kept.txt')).toBe('mine');
  expect(rig.read(`${folderOf(tried.json)}/pipeline/kept/kept.txt`)).toBe('new\n');

  rig.write({
    'pipeline.yaml': {
      stages: { kept: { cmd: 'echo new > kept.txt', outs: { o: { path: 'kept.txt', workspace: true } } } },
    },
  });
  const refused = await rig.pipeline('run', '--smoke').result;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(
    'kept cannot run with --smoke: its command writes kept.txt in the project directly',
  );
  expect(rig.read('kept.txt')).toBe('mine');
});

test('a program whose smoke function fails, or returns no map, is named with its position', async () => {
  await using rig = await projectOf('export const smoke = () => { throw new Error("too small"); };');
  const thrown = await rig.pipeline('run', '--smoke').result;
  expect(thrown.code).toBe(2);
  expect(thrown.stderr).toMatch(
    /take: its preview failed: Error: too small at smoke \(stages\/previews\/take\.ts:1:36\)/,
  );
  rig.write({ 'stages/previews/take.ts': 'export const smoke = () => 3;' });
  expect((await rig.pipeline('run', '--smoke').result).stderr).toContain('its preview gave no params');
  rig.write({ 'stages/previews/take.ts': 'export const smoke = () => ({ rows: 0 });' });
  expect((await rig.pipeline('run', '--smoke').result).stderr).toContain('params.rows must be >= 1');
});

test('a smoke run makes lists, and their instances', async () => {
  await using rig = await createRig();
  rig.write({
    'pipeline.yaml': {
      stages: {
        list: { cmd: `echo '["x","y"]' > \${outs.names}`, outs: { names: 'names.json' } },
        each: {
          matrix: { name: { $from: 'list', out: 'names' } },
          cmd: 'echo ${name} > ${outs.o}',
          outs: { o: 'o.txt' },
        },
      },
    },
  });
  expect((await rig.pipeline('run', '--smoke').result).json).toMatchObject({
    ran: ['list', 'each[x]', 'each[y]'],
  });
});

test('options that need real results exclude --smoke', async () => {
  await using rig = await projectOf();
  for (const words of [['--only', 'take'], ['--from', 'take'], ['--watch'], ['--adopt', 'take']]) {
    const refused = await rig.pipeline('run', '--smoke', ...words).result;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`--smoke and ${words[0]} exclude each other`);
  }
});

test('a smoke run and a real one exclude each other', async () => {
  await using rig = await createRig();
  const slow = rig.puppet();
  rig.write({ 'pipeline.yaml': { stages: { slow: { cmd: slow.cmd, outs: { o: 'o' } } } } });
  const real = rig.pipeline('run');
  const started = await slow.nextStart();
  const smoke = await rig.pipeline('run', '--smoke').result;
  expect(smoke.code).toBe(3);
  await started.exit(0, { o: 'done' });
  expect((await real.result).json).toMatchObject({ ran: ['slow'] });
});
