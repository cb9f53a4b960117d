import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

/** Of src/ml what compares numbers, and the list of the metrics; nothing that scores a text or knows a model. */
const allBut =
  /^src\/(runner|cli)\/|^src\/ml\/(?!metrics\/(metric-table|estimate|mean|counter-random|paired-comparison|student-quantile)\.ts$)/;

/**
 * A stage's key holds the digest of its bundle, so what a bundle reaches decides what an edit reruns. Each line is a
 * promise to users: editing an optimizer does not evaluate anything again.
 */
const promises: readonly { readonly stage: string; readonly never: RegExp; readonly because: string }[] = [
  {
    stage: 'data-format',
    never:
      /^src\/(runner|cli)\/|^src\/ml\/(checkpoint|tensor|autodiff|model|runtime|generate|train|metrics|evaluate)\//,
    because: 'preparing data computes nothing',
  },
  { stage: 'collate', never: allBut, because: 'collating compares numbers' },
  { stage: 'report', never: allBut, because: 'the page shows and compares numbers' },
  {
    stage: 'train',
    never: /^src\/(runner|cli)\/|^src\/ml\/(generate|metrics|evaluate)\//,
    because: 'training scores no text',
  },
  {
    stage: 'eval',
    never: /^src\/(runner|cli)\/|^src\/ml\/(autodiff|train)\//,
    because: 'evaluation knows no gradient and no optimizer',
  },
  {
    stage: 'qualitative',
    never: /^src\/(runner|cli)\/|^src\/ml\/(autodiff|train|metrics|evaluate)\//,
    because: 'sampling scores nothing',
  },
];

describe('what a stage program reaches', () => {
  for (const { stage, never, because } of promises) {
    test(`${stage}: ${because}`, async () => {
      const reached = await inputsOf(`stages/${stage}.ts`);
      expect(reached.filter((path) => never.test(path))).toEqual([]);
    });
  }

  test('what a reached file offers but the stage does not use is no part of its program', async () => {
    const reached = await inputsOf('stages/collate.ts');
    expect(reached).not.toContain('src/files/walk-tree.ts');
  });
});

/** The files of the project that have a byte in the bundle, as the runner makes it. */
async function inputsOf(entry: string): Promise<readonly string[]> {
  const root = join(import.meta.dirname, '../..');
  if (!existsSync(join(root, entry))) throw new Error(`${entry} does not exist`);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    minifyWhitespace: true,
    legalComments: 'none',
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
}
