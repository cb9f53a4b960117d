import { type Digest, digestOf } from '../../../files/digest.ts';
import type { FinishedResult } from '../../store/entries.ts';
import type { StoredObject } from '../result-source.ts';
import type { Circuit } from './circuit.ts';
import { entryName, objectName } from './remote-names.ts';
import type { RemoteStorage } from './remote-storage.ts';
import {
  longestEntry,
  type SharedEntry,
  type SharedOut,
  signEntry,
  type SigningKey,
} from './signed-entry.ts';

/** A result on its way into the shared cache. */
export interface Upload {
  readonly result: FinishedResult;
  readonly objects: readonly StoredObject[];
  readonly key: SigningKey;
  readonly project: string;
  readonly host: string;
  /** Existing objects turned out to be damaged and are replaced. */
  readonly replaces: boolean;
}

/**
 * Objects first, then the entry that names them. `onObject`: one was sent that was not there. False: it
 * failed.
 */
export async function uploadResult(
  storage: RemoteStorage,
  { result, objects, key, project, host, replaces }: Upload,
  circuit: Circuit,
  onObject: (size: number) => void,
): Promise<boolean> {
  const distinct = new Map(objects.map((object) => [object.digest, object]));
  for (const object of distinct.values()) {
    const name = objectName(object.digest);
    const sent = await circuit.call(async (signal) => {
      if (!replaces) return storage.create(name, object, signal);
      const replaced = await storage.replace(name, object, signal);
      return replaced.ok ? { ok: true, value: 'created' as const } : replaced;
    });
    if (sent === undefined) return false;
    if (sent.value === 'created') onObject(object.size);
  }
  const bytes = Buffer.from(signEntry(sharedEntry(result, distinct, project, host), key));
  if (bytes.length > longestEntry) return false;
  const content = { size: bytes.length, digest: digestOf(bytes), open: async () => [bytes] };
  const name = entryName(result.entry.key, key.signer);
  return (await circuit.call((signal) => storage.replace(name, content, signal))) !== undefined;
}

function sharedEntry(
  { entry: { key, outs }, manifest, run, seconds, at }: FinishedResult,
  objects: ReadonlyMap<Digest, StoredObject>,
  project: string,
  host: string,
): SharedEntry {
  const shared = Object.entries(outs).map(([name, { form, digest }]): [string, SharedOut] => [
    name,
    { form, digest, withheld: !objects.has(digest) },
  ]);
  return {
    project,
    key,
    manifest,
    outs: Object.fromEntries(shared),
    objects: new Map([...objects].map(([digest, { size }]) => [digest, size])),
    run,
    seconds,
    at,
    host,
  };
}
