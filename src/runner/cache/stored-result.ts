import type { Key } from '../identity.ts';
import { keptOuts } from '../manifest/decide.ts';
import type { FinishedResult } from '../store/entries.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';
import { lookupLocally } from './lookup-result.ts';
import { objectSize } from './objects.ts';
import type { StoredObject } from './result-source.ts';
import { sourceObjects } from './source-objects.ts';

/** A result that is whole on this disk, and its objects; those of withheld outs are left out. */
export async function storedResult(
  { workspace, store }: Cache,
  key: Key,
  withheld: readonly string[],
): Promise<{ readonly result: FinishedResult; readonly objects: readonly StoredObject[] } | undefined> {
  const here = localSource(workspace, store);
  const result = await here.entry(key);
  const found = await lookupLocally({ workspace, store }, key);
  if (result === undefined || found.kind !== 'hit' || result.entry.adopted === true) return undefined;
  const shared = Object.entries(keptOuts(result.entry)).filter(([name]) => !withheld.includes(name));
  const objects = await sourceObjects(
    here,
    shared.map(([, content]) => content),
  );
  if (objects === undefined) return undefined;
  const distinct = new Map(objects.map((object) => [object.digest, object]));
  return {
    result,
    objects: [...distinct.values()].map(({ digest, open }) => ({
      digest,
      open,
      size: objectSize(workspace, digest),
    })),
  };
}
