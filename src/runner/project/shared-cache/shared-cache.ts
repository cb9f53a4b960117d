import { join } from 'node:path';
import type { Diagnostic } from '../../diagnostic.ts';
import { cacheOwner, recordCacheOwner } from '../../store/cache-owner.ts';
import type { Store } from '../../store/database/open-store.ts';
import type { ProjectFiles } from '../../workspace/workspace.ts';

/**
 * The fault of a `cache` that is a link to a folder which another project uses: each would take the other's
 * files for its own, and `gc` of one would delete the results of the other. Otherwise the cache is this
 * project's from now on.
 */
export function sharedCacheFault({ root, disk }: ProjectFiles, store: Store): Diagnostic | undefined {
  const owner = cacheOwner(store);
  if (owner === root) return undefined;
  const cache = join(root, 'cache');
  if (owner !== undefined && disk.lstat(cache)?.isSymbolicLink() === true) {
    const [here, there] = [disk.stat(cache), disk.stat(join(owner, 'cache'))];
    if (here !== undefined && here.dev === there?.dev && here.ino === there.ino)
      return {
        severity: 'error',
        code: 'shared-cache',
        message:
          `cache is a symbolic link to ${disk.realPath(cache)}, which the project in ${owner} uses: ` +
          'projects cannot share a cache folder, since each locks it and deletes from it',
        help:
          'make cache a folder, or a link to a folder of its own; to ' +
          'share results between clones, use a shared cache',
      };
  }
  recordCacheOwner(store, root);
  return undefined;
}
