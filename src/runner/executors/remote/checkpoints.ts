import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether anything below a folder was written since a given time: a checkpoint that a later job can resume
 * from.
 */
export function hasNewFile(folder: string, since: number): boolean {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).some(
      (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs >= since,
    );
  } catch {
    return false;
  }
}
