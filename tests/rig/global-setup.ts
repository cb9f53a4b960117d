import {
  accessSync,
  chmodSync,
  constants,
  mkdtempSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { writeBuiltPageModule } from '../../scripts/built-page-module.mjs';
import { folderVariable } from './build-programs.ts';

/** What a run of the tests has to itself: a temporary folder, and the programs that it starts. */
export async function setup(project: TestProject): Promise<() => void> {
  await writeBuiltPageModule(join(import.meta.dirname, '../..'));
  // Other projects have files that are too large for memory, and all of a run share the folder.
  const isUnitAlone = project.vitest.projects.every(({ name }) => name === 'unit');
  const removeTemporary = ownTemporaryFolder((isUnitAlone ? inMemory() : undefined) ?? tmpdir());
  const removePrograms = ownPrograms(project);
  return () => {
    removePrograms();
    removeTemporary();
  };
}

/**
 * A temporary folder in which tests make theirs: what a test that failed or was stopped leaves goes with it.
 * Its path is short, since sockets have at most 108 characters.
 */
function ownTemporaryFolder(above: string): () => void {
  const before = process.env['TMPDIR'];
  const folder = realpathSync(mkdtempSync(join(above, 't-')));
  // Tests that ask as another user look into projects in it.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}

/**
 * The system's folder in memory (shm_overview(7)), if it has room, programs can be started from it, and the
 * user has named no other: tests make and delete projects by the thousand, which takes a quarter less CPU
 * time there than on a disk.
 */
function inMemory(): string | undefined {
  if (process.platform !== 'linux' || tmpdir() !== '/tmp') return undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize < 4 * 2 ** 30) return undefined;
    const folder = mkdtempSync('/dev/shm/t-');
    try {
      writeFileSync(join(folder, 'program'), '', { mode: 0o755 });
      accessSync(join(folder, 'program'), constants.X_OK);
    } finally {
      rmSync(folder, { recursive: true });
    }
    return '/dev/shm';
  } catch {
    return undefined;
  }
}

/** Below node_modules, so that what stays outside the bundles is found. Built again when sources changed. */
function ownPrograms(project: TestProject): () => void {
  const folder = join(import.meta.dirname, '../../node_modules/.cache', `programs-${process.pid}`);
  const remove = (): void => {
    for (const ending of ['', '-dist', '-claimed', '-unfinished'])
      rmSync(`${folder}${ending}`, { recursive: true, force: true });
  };
  process.env[folderVariable] = folder;
  project.onTestsRerun(remove);
  return remove;
}
