import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** Test files run in processes of their own: the first to need the programs builds them for all. */
async function buildPrograms(): Promise<Programs> {
  const folder = programsFolder();
  if (!existsSync(folder)) await buildInto(folder);
  return {
    main: join(folder, 'main.js'),
    supervisor: join(folder, 'supervisor.js'),
    stageChild: join(folder, 'stage-child.js'),
    jobWrapper: join(folder, 'job-wrapper.js'),
    askChild: join(folder, 'ask-child.js'),
    crashAt: join(folder, 'crash-at.js'),
  };
}

function programsFolder(): string {
  const folder = process.env[folderVariable];
  if (folder === undefined) throw new Error(`${folderVariable} is not set: global-setup.ts does it`);
  return folder;
}

/** Names the folder of the built programs of this run; it is there once they are whole. */
export const folderVariable = 'PIPELINE_TEST_PROGRAMS';

async function buildInto(folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  const all = builtPrograms(root, unfinished);
  await Promise.all([
    ...Object.values(all).map((options) => build(options)),
    build({ ...all.supervisor, entryPoints: { 'crash-at': 'tests/rig/crash-at.ts' } }),
  ]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process was first.
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true });
  }
}
