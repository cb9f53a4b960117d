import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { install, type Installation, mustRun, run, typeCheck } from './installation.ts';

let installation: Installation;
/** What npm puts into the package, from its root. */
let files: readonly string[];

/** The package as npm packs it stands in place of the folder that was built. */
beforeAll(async () => {
  installation = await install();
  const { folder, root } = installation;
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
  test('it holds what is built and nothing else', () => {
    expect(
      files.filter((path) => !/^(dist\/|docs\/pipeline\.schema\.json$|package\.json$|LICENSE$)/.test(path)),
    ).toEqual([]);
    const template = readdirSync(join(import.meta.dirname, '../../template'), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(import.meta.dirname, '../..'), join(entry.parentPath, entry.name)));
    expect(template).toContain('template/stages/guess.ts');
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/main.js',
        'dist/stage-child.js',
        'dist/supervisor.js',
        'dist/completion/pipeline.bash',
        ...template.map((path) => `dist/${path}`),
        'dist/package/stage/define-stage.js',
        'dist/package/stage/define-stage.d.ts',
        'dist/package/ml/metrics/rouge.js',
      ]),
    );
  });

  test('every module of it can be imported by its public name', async () => {
    const names = files.flatMap((path) => /^dist\/package\/(.*)\.js$/.exec(path)?.[1] ?? []);
    expect(names.length).toBeGreaterThan(100);
    const program = `for (const name of ${JSON.stringify(names)}) await import('medical-qa-pipeline/' + name); console.log('all')`;
    expect(
      await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: installation.folder }),
    ).toMatchObject({ code: 0, stdout: 'all\n' });
  });

  test('the process that runs stage programs, the runner and the command line are no part of it', async () => {
    for (const name of ['stage/child', 'runner/project', 'dist/main.js']) {
      const { code, stderr } = await run(
        process.execPath,
        ['--input-type=module', '--eval', `await import('medical-qa-pipeline/${name}')`],
        { cwd: installation.folder },
      );
      expect({ name, code, reason: /ERR_\w+/.exec(stderr)?.[0] }).toEqual({
        name,
        code: 1,
        reason: expect.stringMatching(/NOT_FOUND|NOT_EXPORTED/),
      });
    }
  });

  test('a stage program is checked against the types of defineStage, its context, the messages and the ml rooms', async () => {
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
    expect(await typeCheck(folder)).toMatchObject({ code: 0, stdout: '' });
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
    for (const fault of [
      /wrong\.ts\(5,.*"row"/,
      /wrong\.ts\(6,.*"shout"/,
      /wrong\.ts\(6,.*number/,
      /wrong\.ts\(6,.*score/,
    ])
      expect(stdout).toMatch(fault);
  });
});
