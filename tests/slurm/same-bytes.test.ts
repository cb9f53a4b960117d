import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { programs } from '../rig/build-programs.ts';
import { hasSlurm, startSlurm } from '../rig/slurm-cluster.ts';
import { quick } from '../rig/slurm-project.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A project with the default experiment, of which some models are trained and evaluated. */
async function results(executor: string): Promise<Readonly<Record<string, string>>> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'experiment-')));
  try {
    for (const name of [
      'pipeline.yaml',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'stages',
      'src',
      'data',
    ])
      cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'pipeline.machine.yaml'), JSON.stringify({ executors: { slurm: quick } }));
    const { main } = await programs();
    const words = [main, 'run', 'eval:aimc,full', 'eval:aimc,gs_1', '--executor', executor, '--json'];
    const { stdout } = await run(process.execPath, words, { cwd: folder });
    const { ran }: { readonly ran: readonly string[] } = JSON.parse(stdout);
    expect(ran.length).toBeGreaterThan(4);
    const artifacts = join(folder, 'artifacts');
    return Object.fromEntries(
      readdirSync(artifacts, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path): [string, string] => [
          path.slice(artifacts.length),
          digestOf(readFileSync(path, 'latin1')),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!hasSlurm)('the default experiment', () => {
  test('gives the same bytes as jobs of Slurm as on this machine', { timeout: 600_000 }, async () => {
    await using cluster = await startSlurm();
    Object.assign(process.env, cluster.environment);
    const here = await results('local');
    expect(Object.keys(here).length).toBeGreaterThan(10);
    expect(await results('slurm')).toEqual(here);
  });
});
