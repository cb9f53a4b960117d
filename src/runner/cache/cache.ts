import type { Store } from '../store/database/open-store.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { CheckedSource } from './result-source.ts';

/**
 * Finished results by key. Only this room knows rows of entries and files of objects: all others look up a
 * key, publish, restore and evict.
 */
export interface Cache {
  readonly workspace: Workspace;
  readonly store: Store;
  /** Where to look for results that are not on this disk. */
  readonly source?: CheckedSource | undefined;
}
