import { statfsSync } from 'node:fs';

/** Below this a write of a few lines may fail already: a block or two, of the largest kind in use. */
const fullBytes = 1 << 16;

/**
 * Whether a disk that one of some folders is on takes nothing more, bytes or names. A stage that met this may
 * have had no room left to say so: what it prints goes there, too.
 */
export const noSpaceLeft = (folders: readonly string[]): boolean =>
  folders.some((folder) => {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    // File systems that make room for names as they go tell 0 of 0.
    return bavail * bsize < fullBytes || (files > 0 && ffree === 0);
  });
