import { createReadStream } from 'node:fs';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { findEntry, type FinishedResult, publishEntry } from '../store/entries.ts';
import type { Store } from '../store/open-store.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { inParallel } from './in-parallel.ts';
import { objectPath, storeBytes, storeFile, syncNames, type Unsynced } from './objects.ts';
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
     * Every object is in the cache, by its own copy, and its name is on the disk, before the row that speaks
     * of it is written. Bytes that are not those of the digest are a problem: then there is no row.
     */
    async put(result, objects) {
      const unsynced: Unsynced = new Set();
      const problems: FileProblem[] = [];
      const distinct = new Map(objects.map((object) => [object.digest, object]));
      await inParallel(distinct.values(), async (object) => {
        const { file = objectPath(object.digest) } = object;
        try {
          if (await storeObject(workspace, object, unsynced)) return true;
          problems.push({ path: file, message: 'changed while it was copied into the cache' });
        } catch (error) {
          problems.push(fileProblem(file, error));
        }
        return false;
      });
      const [problem] = problems;
      if (problem !== undefined) return { ok: false, error: problem };
      try {
        await syncNames(workspace, unsynced);
      } catch (error) {
        return { ok: false, error: fileProblem('cache/objects', error) };
      }
      publishEntry(store, result);
      return { ok: true, value: undefined };
    },
  };
}

const storeObject = (
  workspace: Workspace,
  { digest, file, open }: NewObject,
  unsynced: Unsynced,
): Promise<boolean> =>
  file === undefined
    ? storeBytes(workspace, open, digest, unsynced)
    : storeFile(workspace, file, digest, unsynced);
