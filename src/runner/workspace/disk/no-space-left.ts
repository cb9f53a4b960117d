import { statfsSync } from 'node:fs';

/** Below this a write of a few lines may fail already: a block or two, of the largest kind in use. */
const fullBytes = 1 << 16;

/**
 * Whether the disk of one of some folders is full, in bytes or in inodes. A stage that failed for this reason
 * may have had no space left to report it, since its output goes there, too.
 */
export const noSpaceLeft = (folders: readonly string[]): boolean =>
  folders.some((folder) => {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    // File systems that make room for names as they go tell 0 of 0.
    return bavail * bsize < fullBytes || (files > 0 && ffree === 0);
  });
