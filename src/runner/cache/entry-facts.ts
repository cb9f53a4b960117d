import type { Origin } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import { lastEntry, markComputed } from '../store/entries.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';

/** The last result of an instance, where it is on this disk. */
export const lastEntryOf = (
  { store }: Pick<Cache, 'store'>,
  pipeline: string,
  instance: InstanceId,
): Entry | undefined => lastEntry(store, pipeline, instance);

/** The maker of the result under a key, if it came from a source. */
export async function originOf({ workspace, store }: Cache, key: Key): Promise<Origin | undefined> {
  return (await localSource(workspace, store).entry(key))?.origin;
}

/** A result that was adopted came out the same when it was computed. */
export const confirmAdopted = ({ store }: Pick<Cache, 'store'>, key: Key): void => markComputed(store, key);
