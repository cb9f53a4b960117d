import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { builtPrograms } from '../../scripts/built-programs.mjs';
import { bundleOptions } from '../../src/runner/programs/bundle/bundle.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Of src/ml what compares numbers, and the list of the metrics; nothing that scores a text or knows a model.
 */
const allBut =
  /^src\/(runner|cli)\/|^src\/ml\/(?!metrics\/(metric-table|counted-scores|estimate|mean|counter-random|paired-comparison|student-quantile|seed-interval|over-seeds)\.ts$)/;

/**
 * A stage's key holds the digest of its bundle, so what a bundle reaches decides what an edit reruns. Each
 * line is a promise to users: editing an optimizer does not evaluate anything again.
 */
const promises: readonly { readonly stage: string; readonly never: RegExp; readonly because: string }[] = [
  {
    stage: 'data-format',
    never:
      /^src\/(runner|cli)\/|^src\/ml\/(checkpoint|tensor|autodiff|model|runtime|generate|train|metrics|evaluate)\//,
    because: 'preparing data computes nothing',
  },
  { stage: 'collate', never: allBut, because: 'collating compares numbers' },
  { stage: 'select-points', never: /^src\/(runner|cli|ml)\//, because: 'selecting compares numbers' },
  { stage: 'report', never: allBut, because: 'the page shows and compares numbers' },
  {
    stage: 'train',
    never: /^src\/(runner|cli)\/|^src\/ml\/(runtime|generate|metrics|evaluate)\//,
    because: 'training scores no text, and its engine is a bundle of its own',
  },
  {
    stage: 'eval',
    never: /^src\/(runner|cli)\/|^src\/ml\/(runtime|autodiff|train)\//,
    because: 'evaluation knows no engine, no gradient and no optimizer',
  },
  {
    stage: 'qualitative',
    never: /^src\/(runner|cli)\/|^src\/ml\/(runtime|autodiff|train|metrics|evaluate)\//,
    because: 'sampling scores nothing, and its engine is a bundle of its own',
  },
];

test('modules that measure and wrap text are loaded only when something is printed', async () => {
  // Chunks show what is loaded at the start; the built file holds all, and runs the same parts of it.
  const { supervisor } = builtPrograms(root, join(root, 'dist'));
  const { metafile } = await build({
    ...supervisor,
    entryPoints: { 'command-line': 'src/cli/command-line.ts' },
    splitting: true,
    write: false,
    metafile: true,
  });
  const outputs = new Map(Object.entries(metafile.outputs));
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of outputs.get(path)?.imports ?? [])
      if (kind === 'import-statement') load(next);
  };
  for (const [path, { entryPoint }] of outputs) if (entryPoint === 'src/cli/command-line.ts') load(path);
  const inputs = [...loaded].flatMap((path) => Object.keys(outputs.get(path)?.inputs ?? {}));
  expect(inputs.filter((path) => /(string-width|wrap-ansi)\//.test(path))).toEqual([]);
  expect(inputs).toContain('src/cli/program.ts');
});

describe('the modules in the bundle of a stage program', () => {
  for (const { stage, never, because } of promises) {
    test(`${stage}: ${because}`, async () => {
      const reached = await inputsOf(`stages/${stage}.ts`);
      expect(reached.filter((path) => never.test(path))).toEqual([]);
    });
  }

  describe.each(['onnx', 'tensorflow'])('the engine %s', (engine) => {
    const modules = { computing: `${engine}-runtime`, training: `${engine}-training` };

    test.each(Object.values(modules))(
      'by %s includes no model and nothing of another engine',
      async (module) => {
        const reached = await inputsOf(`./src/ml/runtime/${engine}/${module}`);
        const foreign = new RegExp(String.raw`^src/ml/(?!tensor/|runtime/${engine}/|runtime/[^/]+$|[^/]+$)`);
        expect(reached.filter((path) => foreign.test(path))).toEqual([]);
        expect(reached).toContain('src/ml/tensor/ops/elementwise.ts');
      },
    );

    test('includes no optimizer in a session that does not train', async () => {
      const optimizers = /(adamw|adafactor|optimizers?|training-session|training-step)\.ts$|\/kernels\//;
      const [computing, training] = [
        await inputsOf(`./src/ml/runtime/${engine}/${modules.computing}`),
        await inputsOf(`./src/ml/runtime/${engine}/${modules.training}`),
      ];
      expect(computing.filter((path) => optimizers.test(path))).toEqual([]);
      expect(training.some((path) => optimizers.test(path))).toBe(true);
    });
  });

  test('unused exports of a bundled file are not in the bundle', async () => {
    const reached = await inputsOf('stages/collate.ts');
    expect(reached).not.toContain('src/files/walk-tree.ts');
  });
});

/** The files of the project that have a byte in the bundle that the runner makes. */
async function inputsOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build(bundleOptions(root, entry));
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}
