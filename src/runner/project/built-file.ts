import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Names the built code that a module's `import.meta.url` is of: the file's name has a digest of it and of all
 * that it loads; and when it was written.
 */
export function builtFile(url: string): string {
  const { ino, size, mtimeNs } = statSync(fileURLToPath(url), { bigint: true });
  return `${url} ${ino} ${size} ${mtimeNs}`;
}
