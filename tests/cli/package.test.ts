import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { install, type Installation, mustRun, pipeline, run, typeCheck } from './installation.ts';

const checkout = join(import.meta.dirname, '../..');

const stagePrograms: readonly string[] = readdirSync(join(checkout, 'stages'), { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name.replace(/\.ts$/, ''));

/** The files below a folder of the repository, by their paths from there. */
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(checkout, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(checkout, folder), join(entry.parentPath, entry.name)));

let installation: Installation;
/** What npm puts into the package, from its root. */
let files: readonly string[];

/** The package as npm packs it stands in place of the folder that was built. */
beforeAll(async () => {
  installation = await install();
  const { folder, root } = installation;
  // npm 10 runs this script in spite of --ignore-scripts.
  await mustRun('npm', ['pkg', 'delete', 'scripts.prepare'], { cwd: root });
  const { stdout } = await mustRun(
    'npm',
    ['pack', root, '--json', '--ignore-scripts', '--offline', '--pack-destination', folder],
    { cwd: folder },
  );
  const packed: readonly {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[] = JSON.parse(stdout);
  files = packed.flatMap((each) => each.files.map(({ path }) => path));
  rmSync(root, { recursive: true });
  mkdirSync(root);
  for (const { filename } of packed)
    await mustRun('tar', ['-xzf', join(folder, filename), '-C', root, '--strip-components=1']);
});
afterAll(() => installation[Symbol.dispose]());

describe('the project as a package of another project', () => {
  test('contains the build and the installation check, and nothing else', () => {
    const others = [
      'LICENSE',
      'docs/pipeline.schema.json',
      'package.json',
      'scripts/check-install.mjs',
      'scripts/install-problems.mjs',
    ];
    expect(files.filter((path) => !path.startsWith('dist/') && !others.includes(path))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(others));
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/main.js',
        'dist/stage-child.js',
        'dist/supervisor.js',
        'dist/completion/pipeline.bash',
        ...filesBelow('templates/starter').map((path) => `dist/templates/starter/${path}`),
        'dist/templates/starter/stages/guess.ts',
        ...filesBelow('data/models/nano-mt5').map(
          (path) => `dist/templates/finetune/data/models/nano-mt5/${path}`,
        ),
        ...filesBelow('data/raw').map((path) => `dist/templates/finetune/data/raw/${path}`),
        'dist/templates/finetune/pipeline.yaml',
        'dist/package/src/stage/define-stage.js',
        'dist/package/src/stage/define-stage.d.ts',
        'dist/package/src/ml/metrics/rouge.js',
        ...stagePrograms.map((name) => `dist/package/stages/${name}.js`),
      ]),
    );
  });

  test('every module can be imported by its public name', async () => {
    // What the page is made of has none: stage programs reach it by their own paths.
    const names = files.flatMap(
      (path) => /^dist\/package\/(?:src\/(?!pages\/))?(?!src\/)(.*)\.js$/.exec(path)?.[1] ?? [],
    );
    expect(names.length).toBeGreaterThan(100);
    const program =
      `for (const name of ${JSON.stringify(names)}) await import('medical-qa-pipeline/' + name); ` +
      `console.log('all')`;
    expect(
      await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: installation.folder }),
    ).toMatchObject({ code: 0, stdout: 'all\n' });
  });

  test('stage child, runner and command line are not importable', async () => {
    const names = ['stage/child', 'stage/ask-child', 'runner/project', 'dist/main.js'];
    const program =
      `for (const name of ${JSON.stringify(names)}) console.log(await import('medical-qa-pipeline/' + name)` +
      `.then(() => 'imported', ({ code }) => code));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: installation.folder,
    });
    expect(stdout.trim().split('\n')).toEqual(
      names.map(() => expect.stringMatching(/NOT_FOUND|NOT_EXPORTED/)),
    );
  });

  test('a stage program is type-checked against the stage API and the ml modules', async () => {
    const folder = join(installation.folder, 'checked');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          moduleResolution: 'nodenext',
          strict: true,
          types: [],
          skipLibCheck: true,
          noEmit: true,
        },
        include: ['*.ts'],
      }),
    );
    writeFileSync(
      join(folder, 'right.ts'),
      `
      import { defineStage } from 'medical-qa-pipeline/stage';
      import type { StageContext } from 'medical-qa-pipeline/stage/context';
      import type { StageMessage } from 'medical-qa-pipeline/stage/message';
      import type { Result } from 'medical-qa-pipeline/result';
      import { writeJson } from 'medical-qa-pipeline/files/json';
      import { isExactMatch } from 'medical-qa-pipeline/ml/metrics/exact-match';
      import { openRuntime } from 'medical-qa-pipeline/ml/runtime/open-runtime';
      interface Params { readonly rate: number }
      const started: StageMessage = { kind: 'log', text: 'started' };
      const run = async ({ params, deps, outs, emit }: StageContext<Params, 'rows', 'scores'>): Promise<Result<void> | void> => {
        emit(started);
        const runtime = await openRuntime('onnx', { threads: 1 });
        const written = await writeJson(outs.scores, { rate: params.rate, same: isExactMatch(deps.rows, 'a'), device: runtime.device });
        if (!written.ok) return { ok: false, error: written.error.message };
      };
      export const stage = defineStage<Params, 'rows', 'scores'>({ params: {}, deps: ['rows'], outs: ['scores'], run });
    `,
    );
    writeFileSync(
      join(folder, 'wrong.ts'),
      `
      import { defineStage } from 'medical-qa-pipeline/stage';
      import { isExactMatch } from 'medical-qa-pipeline/ml/metrics/exact-match';
      export const stage = defineStage<{ readonly rate: number }, 'rows', 'scores'>({
        params: {}, deps: ['row'], outs: ['scores'],
        async run({ params, outs, emit }) { emit({ kind: 'shout' }); isExactMatch(params.rate, outs.score); },
      });
    `,
    );
    const { code, stdout } = await typeCheck(folder);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('right.ts');
    for (const fault of [
      /wrong\.ts\(5,.*"row"/,
      /wrong\.ts\(6,.*"shout"/,
      /wrong\.ts\(6,.*number/,
      /wrong\.ts\(6,.*score/,
    ])
      expect(stdout).toMatch(fault);
  });

  test('contains no path of the build machine', () => {
    for (const path of files.filter((name) => /\.(js|ts|json|yaml|md)$/.test(name)))
      expect(readFileSync(join(installation.root, path), 'utf8').includes(checkout), path).toBe(false);
  });

  test('its stage programs run in a project, and an edit of its command line triggers no rerun', async () => {
    const options = { cwd: join(installation.folder, 'finetuned') };
    expect(await pipeline(installation, ['init', 'finetuned', '--template', 'finetune'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const ran = await pipeline(installation, ['run', '--json', 'data-format'], options);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ran: ['data-format[aimc]', 'data-format[huatuo]'],
      failed: [],
    });
    const before = await keysIn(options.cwd);
    appendFileSync(join(installation.root, 'dist/main.js'), '\n// Another command line.\n');
    const manifest = join(installation.root, 'package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ".*"/, '"version": "99.0.0"'));
    expect(await keysIn(options.cwd)).toEqual(before);
    const again = await pipeline(installation, ['run', '--json', 'data-format'], options);
    expect(JSON.parse(again.stdout)).toMatchObject({ ran: [], failed: [] });
    appendFileSync(
      join(installation.root, 'dist/package/src/ml/dataset/split.js'),
      '\nconsole.log("edited");\n',
    );
    const edited = await pipeline(installation, ['run', '--json', 'data-format'], options);
    expect(JSON.parse(edited.stdout)).toMatchObject({ ran: ['data-format[aimc]', 'data-format[huatuo]'] });
  });
});

/** The keys of instances that only the stage programs and the data decide. */
async function keysIn(folder: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const instance of ['data-format:aimc', 'train:aimc,lora']) {
    const { stdout } = await pipeline(installation, ['explain', instance, '--json'], { cwd: folder });
    keys.push(JSON.parse(stdout).key);
  }
  return keys;
}
