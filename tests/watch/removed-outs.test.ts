import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RemovedOuts, removedOuts } from '../../src/runner/watch/removed-outs.ts';

interface Project {
  readonly root: string;
  readonly out: string;
  readonly outs: RemovedOuts;
  /** Resolves at the next report of a removal. */
  removed(): Promise<void>;
}

function project(): Project {
  const root = mkdtempSync(join(tmpdir(), 'removed-outs-'));
  const out = join(root, 'artifacts/p/a/o');
  let report: (() => void) | undefined;
  const outs = removedOuts(
    root,
    () => report?.(),
    (error) => expect.unreachable(String(error)),
  );
  onTestFinished(() => {
    outs.close();
    rmSync(root, { recursive: true });
  });
  return {
    root,
    out,
    outs,
    removed: () =>
      new Promise((resolve) => {
        report = resolve;
      }),
  };
}

function write(out: string): void {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, 'x');
}

test.each(['artifacts/p/a/o', 'artifacts/p/a', 'artifacts'])(
  'an out is reported when %s is removed, even if it was made again before',
  async (path) => {
    const { root, out, outs, removed } = project();
    for (let time = 0; time < 2; time++) {
      write(out);
      outs.watch([out]);
      const report = removed();
      rmSync(join(root, path), { recursive: true });
      await report;
      expect(existsSync(out)).toBe(false);
    }
  },
);

test('a replaced out is not reported; one removed later is', async () => {
  const { root, out, outs, removed } = project();
  const other = join(root, 'artifacts/p/a/other');
  write(out);
  write(other);
  outs.watch([out, other]);
  const report = removed().then(() => existsSync(other));
  renameSync(out, `${out}.aside`);
  writeFileSync(out, 'y');
  rmSync(other);
  expect(await report).toBe(false);
});
