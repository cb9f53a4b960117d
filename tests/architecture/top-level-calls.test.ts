import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { expect, test } from 'vitest';
import { bundleOptions } from '../../src/runner/programs/bundle/bundle.ts';

const root = join(import.meta.dirname, '../..');

/**
 * They put the columns of the ops together by spreading them, which a bundler keeps. So a program that
 * reaches such a table holds its columns, and nobody imports one who does not use it (reach.test.ts).
 */
const tables = [
  'src/ml/autodiff/gradients.ts',
  'src/ml/runtime/onnx/emit-onnx.ts',
  'src/ml/runtime/tensorflow/emit-graph.ts',
  'src/ml/tensor/check-graph.ts',
];

test('no module of src/ml calls anything at load time', async () => {
  const modules = modulesBelow('src/ml');
  for (const table of tables) expect(modules).toContain(table);
  expect(await callsKept(root, modules)).toEqual([]);
});

test('a call at load time is found', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'modules-'));
  writeFileSync(join(folder, 'calls.ts'), 'export const frozen = Object.freeze({ a: 1 });');
  writeFileSync(
    join(folder, 'none.ts'),
    'export const most = 2 ** 20;\nexport const twice = () => most + most;',
  );
  expect(await callsKept(folder, ['calls.ts', 'none.ts'])).toEqual(['var frozen = Object.freeze({ a: 1 });']);
  rmSync(folder, { recursive: true });
});

/**
 * The lines with a call in a bundle of modules that are imported and not used. The bundler keeps a call,
 * since it may have an effect: it would be a part of every program that reaches the module, and an edit of it
 * would change the keys of all.
 */
async function callsKept(folder: string, modules: readonly string[]): Promise<readonly string[]> {
  const { outputFiles } = await build({
    ...bundleOptions(folder, ''),
    entryPoints: [],
    stdin: {
      contents: modules.map((path) => `import ${JSON.stringify(`./${path}`)};`).join('\n'),
      resolveDir: folder,
    },
    // A regular expression that an old target does not know becomes a call.
    target: 'esnext',
    minifyWhitespace: false,
    plugins: [leftOut],
  });
  const [text = ''] = outputFiles.filter(({ path }) => path.endsWith('.mjs')).map((file) => file.text);
  return text.split('\n').filter((line) => /[\w)\]]\(/.test(line));
}

/**
 * What a package runs is not our code. A module that is imported when it is needed is in the list by itself.
 */
const leftOut: Plugin = {
  name: 'left-out',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' ||
      !path.startsWith('.') ||
      tables.includes(relative(root, join(resolveDir, path)))
        ? { path, external: true, sideEffects: false }
        : undefined,
    );
  },
};

const modulesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
