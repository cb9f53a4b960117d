import { join } from 'node:path';

/**
 * A file that scripts/build.mjs puts beside the command line: in the folder of every file that the command
 * line is built into.
 */
export const installedFile = (path: string): string => join(import.meta.dirname, path);
