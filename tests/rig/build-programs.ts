import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { builtPrograms } from '../../scripts/built-programs.mjs';

const root = join(import.meta.dirname, '../..');

/** The programs as `prepare` builds them, from the sources as they are now, once for a run of the tests. */
export interface Programs {
  readonly main: string;
  readonly supervisor: string;
  readonly stageChild: string;
  readonly jobWrapper: string;
  readonly askChild: string;
  readonly crashAt: string;
}

let built: Promise<Programs> | undefined;

export function programs(): Promise<Programs> {
  built ??= buildPrograms();
  return built;
}

async function buildPrograms(): Promise<Programs> {
  const folder = await onceForAll(programsFolder(), async (unfinished) => {
    const all = builtPrograms(root, unfinished);
    await Promise.all([
      ...Object.values(all).map((options) => build(options)),
      build({ ...all.supervisor, entryPoints: { 'crash-at': 'tests/rig/crash-at.ts' } }),
    ]);
  });
  return {
    main: join(folder, 'main.js'),
    supervisor: join(folder, 'supervisor.js'),
    stageChild: join(folder, 'stage-child.js'),
    jobWrapper: join(folder, 'job-wrapper.js'),
    askChild: join(folder, 'ask-child.js'),
    crashAt: join(folder, 'crash-at.js'),
  };
}

/** Where the built programs of this run are. */
export function programsFolder(): string {
  const folder = process.env[folderVariable];
  if (folder === undefined) throw new Error(`${folderVariable} is not set: global-setup.ts does it`);
  return folder;
}

/** Names the folder of the built programs of this run; it is there once they are whole. */
export const folderVariable = 'PIPELINE_TEST_PROGRAMS';

/**
 * Test files run in processes of their own: the first that needs a folder builds it for all, while the others
 * wait. Gives the folder.
 */
export async function onceForAll(
  folder: string,
  buildInto: (unfinished: string) => Promise<void>,
): Promise<string> {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = `${folder}-unfinished`;
  while (!existsSync(folder)) {
    if (!isFirst(`${folder}-claimed`)) {
      await sleep(50);
      continue;
    }
    try {
      // Another process may have finished since the folder was looked for.
      if (existsSync(folder)) break;
      await buildInto(unfinished);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
      rmSync(`${folder}-claimed`, { recursive: true });
    }
  }
  return folder;
}

function isFirst(claim: string): boolean {
  try {
    mkdirSync(claim);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
