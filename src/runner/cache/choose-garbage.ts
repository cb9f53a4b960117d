import type { Digest } from '../../files/digest.ts';
import type { RemovedResult } from '../answers/garbage.ts';
import type { Key } from '../identity.ts';

/** The limits on results that no pipeline file names; without either limit, all of them are deleted. */
export interface GcLimits {
  /** Of all objects together. */
  readonly maxBytes?: number | undefined;
  /** Results that were not used for longer go. */
  readonly unusedDays?: number | undefined;
  /** Whether the limits hold for results that a pipeline file names, too. */
  readonly named?: boolean;
}

/** A result that is in the cache. */
export interface CachedEntry {
  readonly key: Key;
  /** In days since 1970. */
  readonly lastUse: number;
  readonly objects: readonly Digest[];
  readonly keptBecause: 'named' | 'recent' | undefined;
}

interface Chosen {
  readonly key: Key;
  readonly lastUse: number;
  readonly because: RemovedResult['because'];
  /** The bytes freed by deleting it after those before it. */
  readonly bytes: number;
}

/**
 * Chooses the results to delete: unnamed ones before named ones, and the least recently used first. A shared
 * object is freed with the last of its results.
 */
export function chooseGarbage(
  entries: readonly CachedEntry[],
  sizeOf: (object: Digest) => number,
  { maxBytes, unusedDays, named = false }: GcLimits,
  today: number,
): readonly Chosen[] {
  const uses = new Map<Digest, number>();
  for (const { objects } of entries)
    for (const object of new Set(objects)) uses.set(object, (uses.get(object) ?? 0) + 1);
  let bytesLeft = [...uses.keys()].reduce((sum, object) => sum + sizeOf(object), 0);
  const isLimited = maxBytes !== undefined || unusedDays !== undefined;

  const reasonFor = ({ lastUse }: CachedEntry): RemovedResult['because'] | undefined => {
    if (!isLimited) return 'unnamed';
    if (unusedDays !== undefined && today - lastUse > unusedDays) return 'unused';
    return maxBytes !== undefined && bytesLeft > maxBytes ? 'size' : undefined;
  };
  const release = ({ objects }: CachedEntry): number => {
    let freed = 0;
    for (const object of new Set(objects)) {
      const left = (uses.get(object) ?? 0) - 1;
      uses.set(object, left);
      if (left === 0) freed += sizeOf(object);
    }
    bytesLeft -= freed;
    return freed;
  };
  return candidates(entries, named && isLimited).flatMap((entry) => {
    const because = reasonFor(entry);
    const { key, lastUse } = entry;
    return because === undefined ? [] : [{ key, lastUse, because, bytes: release(entry) }];
  });
}

function candidates(entries: readonly CachedEntry[], named: boolean): readonly CachedEntry[] {
  const byUse = (one: CachedEntry, other: CachedEntry): number =>
    one.lastUse - other.lastUse || (one.key < other.key ? -1 : 1);
  return [
    ...entries.filter(({ keptBecause }) => keptBecause === undefined).sort(byUse),
    ...(named ? entries.filter(({ keptBecause }) => keptBecause === 'named').sort(byUse) : []),
  ];
}
