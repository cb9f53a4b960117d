import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether something below a folder was written since a moment: a checkpoint that a later job goes on from.
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
