import { renameSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DiskFault, watchedDisk } from '../rig/disk-twins.ts';
import { inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

test('resources beyond every machine are refused at their position, once for all instances', async () => {
  using project = inProcess();
  const pipeline =
    'stages:\n  b: { matrix: { m: [4096TiB] }, cmd: ["true"], resources: { memory: "${m}" } }\n';
  project.write({ 'pipeline.yaml': pipeline });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(
    faults.map(({ code, at }) => [code, pipeline.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0))]),
  ).toEqual([['unsatisfiable', '4096TiB']]);
  expect(faults.map(({ message }) => message.replace(/has .*/, 'has …'))).toEqual([
    '4096 TiB of memory are requested, but this machine has …',
  ]);
});

test('a program missing on PATH or in the project is reported before anything runs', async () => {
  using project = inProcess();
  const pipeline = `stages:
  a: { cmd: ["true"], outs: { o: { path: made/tool, workspace: true } } }
  b: { cmd: [no-such-program, x] }
  c: { matrix: { n: [1, 2] }, cmd: [./no-such-file, "\${n}"] }
  d: { cmd: no-such-program in a line }
  e: { cmd: [made/tool] }
  f: { cmd: ["\${deps.tool}"], deps: { tool: { from: a, out: o } } }
  g: { cmd: [./not-executable] }
  h: { cmd: [tools/rows.py] }
`;
  project.write({ 'pipeline.yaml': pipeline, 'not-executable': '', 'tools/rows.py': '' });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(
    faults.map(({ code, message, at }) => [
      code,
      message,
      pipeline.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0)),
    ]),
  ).toEqual([
    ['missing-program', 'no-such-program: no such program on PATH', 'no-such-program'],
    ['missing-program', './no-such-file: no such program in the project', './no-such-file'],
    ['missing-program', './not-executable is not executable', './not-executable'],
    ['missing-program', 'tools/rows.py is not executable', 'tools/rows.py'],
  ]);
  expect(faults.flatMap(({ help }) => help ?? [])).toEqual([
    'chmod +x ./not-executable',
    'chmod +x tools/rows.py, or start it as [python3, tools/rows.py]',
  ]);
});

test('faults of the pipeline file and missing files are reported together', async () => {
  using project = inProcess();
  project.write({
    rows: 'x',
    'pipeline.yaml': {
      stages: {
        a: { cmd: ['true'], deps: { rows: 'rowz', gone: { from: 'none', out: 'o' } }, retires: 1 },
        b: { cmd: ['true'], deps: { rows: 'rowz', made: { from: 'a', out: 'o' } } },
        c: { uses: 'stages/c.ts', deps: { rows: 'rows' } },
        d: { matrix: { n: [1, 2] }, cmd: ['true'], deps: { rows: 'data/${n}' } },
      },
    },
  });
  const shown = async (patterns: readonly string[]): Promise<readonly string[]> =>
    (await project.run({ patterns })).problem
      ?.split('\n')
      .map((line) => line.replace(/:? no such file.*| a stage has no "(\w+)".*/, '$1')) ?? [];
  expect(await shown([])).toEqual([
    'unknown-stage: there is no stage "none"',
    'unknown-name:retires',
    'missing-file: stages/c.ts',
    'missing-file: data/1',
    'missing-file: data/2',
    'missing-file: rowz',
  ]);
  expect(await shown(['d[2]'])).toEqual([
    'unknown-stage: there is no stage "none"',
    'unknown-name:retires',
    'missing-file: data/2',
  ]);
  expect(await shown(['a'])).toEqual(['unknown-stage: there is no stage "none"', 'unknown-name:retires']);
});

test('a dep on the path of an out is one fault, whether or not that file exists', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': {
      stages: {
        a: { cmd: ['true'], outs: { o: 'o.txt', d: 'dir' } },
        b: {
          cmd: ['true'],
          deps: { o: 'artifacts/pipeline/a/o.txt', in: 'artifacts/pipeline/a/dir/x', gone: 'gone' },
        },
        c: { cmd: ['true'], deps: { all: 'artifacts/pipeline/a/*.txt' } },
      },
    },
  });
  const lines = (await project.run()).problem?.split('\n').map((line) => line.replace(/:? no such.*/, ''));
  expect(lines).toEqual([
    'overlap: the dep o of b and the out o of a overlap: the same path',
    expect.stringMatching(/^overlap: the dep in of b and the out d of a overlap/),
    expect.stringMatching(/^overlap: the dep all of c and the out o of a overlap/),
    'missing-file: gone',
  ]);
});

test('a dangling link is reported as one, with its target, and no other path is suggested', async () => {
  using project = inProcess();
  project.write({
    'data/e.txt': 'x',
    'pipeline.yaml': {
      stages: {
        a: { cmd: ['true'], deps: { x: 'data/d.txt', y: 'data/c.txt', z: 'linked/x' } },
        b: { uses: 'b.ts' },
      },
    },
  });
  symlinkSync('/nonexistent/x', join(project.root, 'data/d.txt'));
  symlinkSync('c.txt', join(project.root, 'data/c.txt'));
  symlinkSync('gone', join(project.root, 'linked'));
  symlinkSync('gone.ts', join(project.root, 'b.ts'));
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(faults.map(({ code, message, suggestion }) => [code, message, suggestion])).toEqual([
    ['missing-file', 'data/d.txt is a symbolic link to /nonexistent/x, which does not exist', undefined],
    ['missing-file', 'data/c.txt is a symbolic link to c.txt, which leads back to it', undefined],
    ['missing-file', 'linked/x: linked is a symbolic link to gone, which does not exist', undefined],
    ['missing-file', 'b.ts is a symbolic link to gone.ts, which does not exist', undefined],
  ]);
});

test('a file or dangling link above an out is refused once, before anything runs', async () => {
  using project = inProcess();
  const pipeline =
    'stages:\n  a: { matrix: { n: [1, 2] }, cmd: "touch ran ${outs.o}", outs: { o: o } }\n' +
    '  b: { cmd: "touch ran ${outs.o}", outs: { o: { path: made/in/o, workspace: true } } }\n' +
    '  c: { cmd: "touch ran ${outs.o}", outs: { o: { path: linked/o, workspace: true } } }\n';
  project.write({ artifacts: '', made: '', 'pipeline.yaml': pipeline });
  symlinkSync('gone', join(project.root, 'linked'));
  expect(
    (await project.run()).problem
      ?.split('\n')
      .filter((line) => line.includes('in-the-way') || line.includes('help')),
  ).toEqual([
    expect.stringMatching(
      /artifacts is a file where a folder is needed: artifacts\/pipeline\/a\/1\/o cannot be written/,
    ),
    expect.stringMatching(/made is a file where a folder is needed: made\/in\/o cannot be written/),
    expect.stringMatching(
      /linked is a symbolic link to gone, which does not exist: linked\/o cannot be written/,
    ),
  ]);
  expect(project.snapshot('.')).not.toHaveProperty('ran');
});

test('a path or pattern of code that matches no file is refused, with the nearest', async () => {
  using project = inProcess();
  const pipeline =
    'stages:\n  a:\n    cmd: ["true"]\n' +
    '    code: [tools/main.py, tools/helpr.py, "tols/**", "tools/**/*.sh", "tools/*.py", empty]\n';
  project.write({
    'pipeline.yaml': pipeline,
    'tools/main.py': '',
    'tools/helper.py': '',
    'empty/cache/x': '',
  });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(
    faults.map(({ code, suggestion, at }) => [
      code,
      pipeline.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0)),
      suggestion,
    ]),
  ).toEqual([
    ['missing-file', 'tools/helpr.py', 'tools/helper.py'],
    ['no-code', '"tols/**"', undefined],
    ['no-code', '"tools/**/*.sh"', undefined],
    ['no-code', 'empty', undefined],
  ]);
});

test('an imported package that is not installed is reported, with the command that installs it', async () => {
  using project = inProcess();
  const importing = (name: string): string =>
    `import '${name}';\nexport const stage = { params: {}, deps: [], outs: [], async run() {} };\n`;
  project.write({
    'pipeline.yaml': 'stages: { a: { uses: stages/a.ts }, b: { uses: stages/b.ts } }',
    'stages/a.ts': importing('not-installed-one/part'),
    'stages/b.ts': importing('@not/installed'),
    'package.json': { dependencies: { 'not-installed-one': '1.0.0' } },
  });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(faults.map(({ message, help }) => [message, help])).toEqual([
    ['stages/a.ts: it imports the package not-installed-one, which is not installed', 'npm install'],
    [
      'stages/b.ts: it imports the package @not/installed, which is not installed',
      'npm install @not/installed',
    ],
  ]);
});

test.each(['~/part.ts', '@/part.ts', 'lib/part.ts'])(
  'an import by an alias of tsconfig.json (%s) is answered by what to write, not by a package to install',
  async (name) => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': 'stages: { a: { uses: stages/a.ts } }',
      'stages/a.ts': `import '${name}';\nexport const stage = { params: {}, deps: [], outs: [], run() {} };\n`,
      'lib/part.ts': '',
    });
    const forecast = await project.ask((open) => open.dryRun(wholeRun));
    const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
    expect(faults.map(({ help }) => help)).toEqual([expect.stringMatching(/relative path.*tsconfig\.json/)]);
  },
);

test('an imported package that was removed is reported before anything runs', async () => {
  using project = inProcess();
  project.write({
    'node_modules/one/package.json': { name: 'one', main: 'index.js' },
    'node_modules/one/index.js': 'module.exports = 1',
    'stages/a.ts':
      "import 'one';\nexport const stage = { params: { type: 'object' }, deps: [], outs: [], " +
      'packages: [], run() {} };\n',
    'pipeline.yaml': { stages: { a: { uses: 'stages/a.ts' } } },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  renameSync(join(project.root, 'node_modules/one'), join(project.root, 'away'));
  for (let run = 0; run < 2; run++)
    expect((await project.run()).problem).toBe(
      'bad-program: stages/a.ts: it imports the package one, which is not installed',
    );
  renameSync(join(project.root, 'away'), join(project.root, 'node_modules/one'));
  expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
});

test('an unreadable folder of PATH hides no program in later ones', async () => {
  const before = process.env['PATH'] ?? '';
  using project = inProcess();
  project.write({ 'pipeline.yaml': { stages: { a: { cmd: ['true'] } } } });
  const locked = watchedDisk((call) => {
    if (call.paths.some((path) => path.startsWith('/locked/'))) throw new DiskFault('EACCES', call);
  });
  process.env['PATH'] = `/locked:${before}`;
  try {
    expect((await project.run({}, locked)).outcomes).toEqual({ a: 'ran' });
  } finally {
    process.env['PATH'] = before;
  }
});

test('more CPUs than there are: all are used, reported once, under the key of the request', async () => {
  const warned = async (cpus: number): Promise<readonly unknown[]> => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': {
        stages: {
          a: {
            matrix: { n: [1, 2, 3] },
            cmd: ['sh', '-c', 'grep -o \'"cpus":[0-9]*\' "$PIPELINE_CONTEXT" > "$0"', '${outs.o}', '${n}'],
            outs: { o: 'o' },
            resources: { cpus },
          },
        },
      },
    });
    const { outcomes, warnings } = await project.run();
    const explained = await project.ask((open) => open.explain('a[1]'));
    return [
      outcomes,
      warnings,
      project.read('artifacts/pipeline/a/1/o'),
      explained.ok && explained.value.key,
    ];
  };
  const there = availableParallelism();
  const [outcomes, warnings, used, key] = await warned(100_000);
  expect([outcomes, used]).toEqual([{ 'a[1]': 'ran', 'a[2]': 'ran', 'a[3]': 'ran' }, `"cpus":${there}\n`]);
  expect(warnings).toEqual(['fewer-cpus']);
  const fitting = await warned(there);
  expect([fitting[1], fitting[3]]).toEqual([[], key]);
});

test('a value that is not a number is reported once', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': 'stages: { a: { matrix: { n: [1e400, null, {x: 1e400}] }, cmd: ["true"] } }\n',
  });
  expect((await project.run()).problem?.match(/^[a-z-]+(?=:)/gm)).toEqual(['not-finite', 'not-finite']);
});

test('a missing path that is an out of stages, or lies in one, is answered by the dep to write', async () => {
  using project = inProcess();
  const stages = {
    a: { cmd: 'touch ${outs.m}', outs: { m: 'out/model', s: 'scores' } },
    b: { cmd: 'touch ${outs.s}', outs: { s: 'scores' } },
  };
  const helpsOf = async (deps: object, more: object = {}): Promise<readonly (string | undefined)[]> => {
    const reader = { cmd: 'true', deps, outs: { o: { path: 'own', workspace: false } } };
    project.write({ 'pipeline.yaml': { stages: { ...stages, c: reader, ...more } } });
    const forecast = await project.ask((open) => open.dryRun(wholeRun));
    const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
    return faults.filter(({ code }) => code === 'missing-file' || code === 'no-file').map(({ help }) => help);
  };
  const use = 'to read what another stage writes, use the dep';
  const deps = {
    d: 'out/model',
    e: 'out/model/w.bin',
    f: 'scores',
    g: 'out/model/*.bin',
    h: 'own',
    i: 'out',
  };
  const expected = [
    `${use} { from: a, out: m }`,
    `${use} { from: a, out: m }, and w.bin in it`,
    `${use} { from: a, out: s } or { from: b, out: s }`,
    // Its own out is not what a stage reads, and a folder of outs is none of them.
    undefined,
    undefined,
    `${use} { from: a, out: m }`,
  ];
  expect(await helpsOf(deps)).toEqual(expected);
  // In a pipeline file with faults, too.
  expect(await helpsOf(deps, { d: { cmd: 'true', timeout: 'soon' } })).toEqual(expected);
  expect(await helpsOf({ d: { path: 'out/model', hint: 'run make' } })).toEqual(['run make']);
});
