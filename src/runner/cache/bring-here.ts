import type { Entry } from '../manifest/decide.ts';
import { recordDropped } from '../store/entries.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';
import { firstDamage, lookupLocally } from './lookup-result.ts';
import { storeObjects } from './objects.ts';
import type { SourceResult } from './result-source.ts';
import { sourceObjects } from './source-objects.ts';

/**
 * Copies what is needed of a result to this disk, if only the source has it: all of it, or of a result that
 * is here the bytes of outs, by name, that were dropped. Gives what was copied; undefined: all is here.
 * `damaged`: the source does not have what it claims.
 */
export async function bringHere(
  cache: Cache,
  entry: Entry,
  wanted: readonly string[],
): Promise<SourceResult | undefined | 'damaged'> {
  const dropped = wanted.filter((name) => entry.dropped?.includes(name) === true);
  return dropped.length > 0 ? bringDropped(cache, entry, dropped) : bringResult(cache, entry);
}

/** Every object is hashed on its way. */
async function bringResult(cache: Cache, entry: Entry): Promise<SourceResult | undefined | 'damaged'> {
  const { workspace, store, source } = cache;
  if (source === undefined) return undefined;
  const here = await lookupLocally(cache, entry.key);
  if (here.kind === 'hit' && (here.entry.adopted !== true || entry.adopted === true)) return undefined;
  const result = await source.entry(entry.key);
  if (result === undefined) return undefined;
  const shared = Object.entries(result.entry.outs).filter(
    ([name]) => result.withheld?.includes(name) !== true,
  );
  const objects = await sourceObjects(
    source,
    shared.map(([, content]) => content),
  );
  const brought = objects !== undefined && (await localSource(workspace, store).put(result, objects)).ok;
  if (brought) {
    source.restored?.(entry.key);
    return result;
  }
  source.markUntrusted(entry.key);
  return 'damaged';
}

async function bringDropped(
  { workspace, store, source }: Cache,
  entry: Entry,
  names: readonly string[],
): Promise<SourceResult | undefined | 'damaged'> {
  const { key, outs, dropped = [] } = entry;
  const wanted = Object.fromEntries(Object.entries(outs).filter(([name]) => names.includes(name)));
  const isHere = (await firstDamage(workspace, wanted)) === undefined;
  const result = isHere ? undefined : await source?.entry(key);
  if (!isHere) {
    const objects =
      result === undefined || source === undefined
        ? undefined
        : await sourceObjects(source, Object.values(wanted));
    if (objects === undefined || (await storeObjects(workspace, objects)) !== undefined) {
      source?.markUntrusted(key);
      return 'damaged';
    }
    source?.restored?.(key);
  }
  recordDropped(
    store,
    key,
    dropped.filter((name) => !names.includes(name)),
  );
  return result;
}
