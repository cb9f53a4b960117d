import { builtHelperPrograms } from '../../executors/helper-programs.ts';
import { workspaceDisk } from '../../workspace/disk/workspace-disk.ts';
import type { Host } from '../open-rows.ts';

/** What projects are built on, unless a test replaces it. */
export const thisMachine = (): Host => ({
  disk: workspaceDisk,
  helpers: builtHelperPrograms(),
  environment: process.env,
  now: () => BigInt(Date.now()) * 1_000_000n,
  retryDelay: (attempt) => Math.min(60, 2 ** (attempt - 1)),
});
