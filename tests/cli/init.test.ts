import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { install, type Installation, pipeline, run, typeCheck } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await install();
});
afterAll(() => installation[Symbol.dispose]());

const at = (...path: readonly string[]): string => join(installation.folder, ...path);

/** In whatever order they were finished. */
const isAll = (instances: readonly string[]): boolean =>
  [...instances].sort().join(' ') === 'compare guess[1] guess[3] guess[5] prepare';

describe('pipeline init', () => {
  test('creates a project that type-checks and runs, and whose second run has nothing to do', async () => {
    expect(await pipeline(installation, ['init', 'first'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /pipeline\.yaml[\s\S]*cd first\n {2}npm install\n {2}npx pipeline run\n$/,
      ),
    });
    expect(await typeCheck(at('first'))).toMatchObject({ code: 0, stdout: '' });
    const options = { cwd: at('first') };
    const first = await pipeline(installation, ['run', '--json'], options);
    expect(JSON.parse(first.stdout)).toMatchObject({
      ran: expect.toSatisfy(isAll),
      failed: [],
      'up-to-date': [],
    });
    const second = await pipeline(installation, ['run', '--json'], options);
    expect(JSON.parse(second.stdout)).toMatchObject({
      ran: [],
      restored: [],
      'up-to-date': expect.toSatisfy(isAll),
    });
    const scores = readFileSync(at('first/artifacts/departments/compare/scores.md'), 'utf8');
    expect(scores.split('\n').slice(0, 5)).toEqual([
      '| neighbours | accuracy |',
      '| ---: | ---: |',
      expect.stringMatching(/^\| 1 \|/),
      expect.stringMatching(/^\| 3 \|/),
      expect.stringMatching(/^\| 5 \|/),
    ]);
  });

  test('creates a README with correct statements', async () => {
    expect((await pipeline(installation, ['init', 'read'])).code).toBe(0);
    const options = { cwd: at('read') };
    await pipeline(installation, ['run'], options);
    const rows = readFileSync(at('read/data/questions.jsonl'), 'utf8').split('\n');
    writeFileSync(at('read/data/questions.jsonl'), [rows[1], rows[0], ...rows.slice(2)].join('\n'));
    const reordered = await pipeline(installation, ['run', '--json'], options);
    expect(JSON.parse(reordered.stdout)).toMatchObject({ ran: ['prepare'], failed: [] });
    writeFileSync(
      at('read/stages/guess.ts'),
      `// Another comment.\n${readFileSync(at('read/stages/guess.ts'), 'utf8')}`,
    );
    const commented = await pipeline(installation, ['run', '--json'], options);
    expect(JSON.parse(commented.stdout)).toMatchObject({ ran: [] });
    writeFileSync(
      at('read/pipeline.yaml'),
      readFileSync(at('read/pipeline.yaml'), 'utf8').replace('[1, 3, 5]', '[1, 3, 5, 7]'),
    );
    const grown = await pipeline(installation, ['run', '--json'], options);
    expect(JSON.parse(grown.stdout)).toMatchObject({ ran: ['guess[7]', 'compare'] });
    for (const words of [['status'], ['explain', 'guess:3'], ['metrics']])
      expect(await pipeline(installation, words, options)).toMatchObject({ code: 0, stderr: '' });
    expect(await pipeline(installation, ['compare', 'guess:1', 'guess:5'], options)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^(warning: .* were scored now, .*\n){2}$/),
    });
  });

  test('lists existing files and writes nothing', async () => {
    mkdirSync(at('taken/data'), { recursive: true });
    writeFileSync(at('taken/pipeline.yaml'), 'mine');
    writeFileSync(at('taken/data/questions.jsonl'), 'mine too');
    writeFileSync(at('taken/stages'), 'a file where a folder would be');
    const ended = await pipeline(installation, ['init', 'taken', '--json']);
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toEqual({
      version: 1,
      problem: { kind: 'in-the-way', paths: ['data/questions.jsonl', 'pipeline.yaml', 'stages'] },
    });
    expect(ended.stderr).toContain('  pipeline.yaml\n');
    expect(readdirSync(at('taken')).sort()).toEqual(['data', 'pipeline.yaml', 'stages']);
    expect(readFileSync(at('taken/pipeline.yaml'), 'utf8')).toBe('mine');
  });

  test('reports a path that is a file, or that cannot be created, by name', async () => {
    writeFileSync(at('file'), '');
    expect(await pipeline(installation, ['init', 'file'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('nothing was created'),
    });
    expect(readFileSync(at('file'), 'utf8')).toBe('');
    symlinkSync('gone', at('dangling'));
    expect(await pipeline(installation, ['init', 'dangling'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        `error: ${at('dangling')}: is a symbolic link to gone, which does not exist; nothing was ` +
        `created\n`,
    });
  });

  test.runIf(process.platform === 'linux')(
    'reports a folder that cannot be written to, and stops searching above it (Linux)',
    async () => {
      expect(await pipeline(installation, ['init', '/proc/x/y'])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'error: /proc/x: no folder can be made there; nothing was created\n',
      });
    },
  );

  test('keeps the package.json that npm install has left', async () => {
    const left = JSON.stringify({
      dependencies: { 'medical-qa-pipeline': 'git+ssh://git@example.org/one.git' },
    });
    mkdirSync(at('installed'));
    writeFileSync(at('installed/package.json'), left);
    const ended = await pipeline(installation, ['init', '--json'], { cwd: at('installed') });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      folder: at('installed'),
      kept: ['package.json'],
      written: expect.arrayContaining(['pipeline.yaml', '.gitignore', '.npmrc']),
    });
    expect(readFileSync(at('installed/package.json'), 'utf8')).toBe(left);
  });

  test('adds missing files to an npm project, and lists what existing ones lack', async () => {
    const there = {
      'package.json': '{ "name": "mine" }\n',
      '.gitignore': '/node_modules\n*.log\ncache\n',
      'README.md': '# Mine\n',
      'src/index.js': 'mine\n',
    };
    for (const [path, text] of Object.entries(there)) {
      mkdirSync(dirname(at('mine', path)), { recursive: true });
      writeFileSync(at('mine', path), text);
    }
    const ended = await pipeline(installation, ['init', 'mine']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    for (const [path, text] of Object.entries(there))
      expect(readFileSync(at('mine', path), 'utf8'), path).toBe(text);
    expect(existsSync(at('mine/pipeline.yaml'))).toBe(true);
    expect(ended.stdout).toMatch(
      /already there, left unchanged:\n {2}README\.md\n {2}\.gitignore\n {2}package\.json\n/,
    );
    expect(ended.stdout).toMatch(
      /add to \.gitignore:\n {2}artifacts\/\n {2}data\/models\/\*\n {2}!data\/models\/nano-mt5\n/,
    );
    expect(ended.stdout).toMatch(/npm install \S*medical-qa-pipeline\S*\n {2}npx pipeline run\n$/);
  });

  test('adds nothing the second time', async () => {
    await pipeline(installation, ['init', 'twice', '--template', 'finetune']);
    const again = await pipeline(installation, ['init', 'twice', '--template', 'finetune', '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ written: [], missingLines: {} });
  });

  test('fine-tuning: the default experiment with the programs, model and data of the package', async () => {
    expect(await pipeline(installation, ['init', 'tuned', '--template', 'finetune'])).toMatchObject({
      code: 0,
    });
    const options = { cwd: at('tuned') };
    const dry = await pipeline(installation, ['run', '--dry-run', '--json'], options);
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('46 will run') });
    expect(readFileSync(at('tuned/pipeline.yaml'), 'utf8')).not.toMatch(/uses: stages/);
    // As bytes: toEqual compares four million numbers, which takes seconds.
    const weights = 'data/models/nano-mt5/model.safetensors';
    const shipped = readFileSync(join(import.meta.dirname, '../..', weights));
    expect(readFileSync(at('tuned', weights)).equals(shipped)).toBe(true);
    for (const file of ['experiments/mt5-base.yaml', 'experiments/real-rows.yaml'])
      expect((await pipeline(installation, ['graph', '-f', file], options)).code, file).toBe(0);
  });

  test('an unknown template is an error that lists the known ones', async () => {
    const { code, stderr } = await pipeline(installation, ['init', 'none', '--template', 'tune']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/starter.*finetune/);
  });

  describe('names its own package in package.json', () => {
    const version = /^\d+\.\d+\.\d+$/;

    test('by version where it came from a registry', async () => {
      record({ version: '0.1.0', integrity: 'sha512-…' });
      expect(await reference(at('node_modules/medical-qa-pipeline/dist/main.js'))).toMatch(version);
      record({
        version: '0.1.0',
        resolved: 'https://registry.example/medical-qa-pipeline/-/medical-qa-pipeline-0.1.0.tgz',
      });
      expect(await reference(at('node_modules/medical-qa-pipeline/dist/main.js'))).toMatch(version);
    });

    test('by URL where it came from one', async () => {
      record({ resolved: 'git+ssh://git@example.org/one.git#0123abc' });
      expect(await reference(at('node_modules/medical-qa-pipeline/dist/main.js'))).toBe(
        'git+ssh://git@example.org/one.git#0123abc',
      );
      record({ resolved: 'file:packed.tgz' });
      expect(await reference(at('node_modules/medical-qa-pipeline/dist/main.js'))).toBe(
        'file:../../packed.tgz',
      );
    });

    test('by folder where it is a clone, linked or not, or npm has no record of it', async () => {
      rmSync(at('node_modules/.package-lock.json'), { force: true });
      expect(await reference(at('node_modules/medical-qa-pipeline/dist/main.js'))).toBe(
        'file:../../node_modules/medical-qa-pipeline',
      );
      cpSync(installation.root, at('clone'), { recursive: true });
      expect(await reference(at('clone/dist/main.js'))).toBe('file:../../clone');
      mkdirSync(at('linked/node_modules'), { recursive: true });
      symlinkSync(at('clone'), at('linked/node_modules/medical-qa-pipeline'));
      expect(await reference(at('linked/node_modules/medical-qa-pipeline/dist/main.js'))).toBe(
        'file:../../clone',
      );
    });
  });

  test('dot files of the template keep their dots in the project', async () => {
    await pipeline(installation, ['init', 'dots']);
    expect(readdirSync(at('dots')).sort()).toEqual([
      '.gitignore',
      '.npmrc',
      'README.md',
      'data',
      'package.json',
      'pipeline.yaml',
      'stages',
      'tsconfig.json',
    ]);
    expect(existsSync(at('dots/gitignore'))).toBe(false);
  });
});

/** Writes npm's record of how the package was installed. */
function record(installed: unknown): void {
  writeFileSync(
    at('node_modules/.package-lock.json'),
    JSON.stringify({ packages: { 'node_modules/medical-qa-pipeline': installed } }),
  );
}

/** How a project, made by a command line in two folders below, names its package. */
async function reference(main: string): Promise<unknown> {
  rmSync(at('below'), { recursive: true, force: true });
  const { code, stderr } = await run(process.execPath, [main, 'init', 'below/My Project'], {
    cwd: installation.folder,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const made = JSON.parse(readFileSync(at('below/My Project/package.json'), 'utf8'));
  expect(made).toMatchObject({ name: 'my-project', private: true });
  return made.dependencies['medical-qa-pipeline'];
}
