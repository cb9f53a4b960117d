import { createReadStream } from 'node:fs';
import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { findEntry, type FinishedResult, publishEntry } from '../store/entries.ts';
import type { Store } from '../store/database/open-store.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { objectPath, storeObjects } from './objects.ts';
import type { NewObject, ResultSource } from './result-source.ts';

/** It also takes objects from elsewhere, whose sizes are not known yet. */
interface LocalSource extends ResultSource {
  put(result: FinishedResult, objects: readonly NewObject[]): Promise<Result<void, FileProblem>>;
}

/** The results on this disk: entries are rows, objects are files in cache/objects. */
export function localSource(workspace: Workspace, store: Store): LocalSource {
  return {
    entry: async (key) => findEntry(store, key),
    async object(digest) {
      const place = placeOf(workspace, objectPath(digest));
      return workspace.disk.lstat(place)?.isFile() === true ? createReadStream(place) : undefined;
    },
    /**
     * Every object is in the cache, as a copy of its own, with its name flushed to disk, before the row that
     * refers to it is written. Bytes that do not match the digest are a problem: then there is no row.
     */
    async put(result, objects) {
      const distinct = new Map(objects.map((object) => [object.digest, object]));
      const problem = await storeObjects(workspace, [...distinct.values()]);
      if (problem !== undefined) return { ok: false, error: problem };
      publishEntry(store, result);
      return { ok: true, value: undefined };
    },
  };
}
