import type { Digest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import { memory } from '../../memory.ts';
import type { Result } from '../../result.ts';
import type { SharedCacheReport } from '../answers/shared-cache.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Key } from '../identity.ts';
import { keyOf } from '../manifest/key-of.ts';
import type { FinishedResult } from '../store/entries.ts';

/**
 * Where finished results can be found and kept: the store on this disk, a folder that several machines share,
 * a server. A source that cannot answer has nothing: the runner computes the result, and the exit code does
 * not change.
 */
export interface ResultSource {
  /** The result under a key. */
  entry(key: Key): Promise<SourceResult | undefined>;
  /** The bytes of an object. The reader verifies the hash. */
  object(digest: Digest): Promise<Bytes | undefined>;
  /** Keeps a result: its objects, in this order, and only then the entry that names them. */
  put(result: FinishedResult, objects: readonly StoredObject[]): Promise<Result<void, FileProblem>>;
  /** Its result under a key is damaged: an object is missing, or has other bytes. */
  markUntrusted?(key: Key): void;
  /** Its result under a key was copied here. */
  restored?(key: Key): void;
  /** Its result under a key cannot be used: it withholds bytes that are not in the cache. */
  withheld?(key: Key): void;
  /** Called with each warning. */
  onWarning?(listener: (warning: Diagnostic) => void): void;
  /** Waits for background work, or cancels it when `stopped` aborts; returns a report. */
  finish?(stopped: AbortSignal): Promise<SharedCacheReport | undefined>;
}

/** A result as a source has it. */
export interface SourceResult extends FinishedResult {
  /** Outs whose bytes the source does not have: it has only their digests. */
  readonly withheld?: readonly string[];
}

export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** An object on its way into a source. */
export interface NewObject {
  readonly digest: Digest;
  /** A file with these bytes, from the project root, for a source that copies files. */
  readonly file?: string;
  /** Its bytes; undefined: they cannot be had. */
  open(): Promise<Bytes | undefined>;
}

/** An object that is on this disk. */
export interface StoredObject extends NewObject {
  readonly size: number;
}

/** A source whose entries are verified against the key, each fetched once. */
export interface CheckedSource extends ResultSource {
  /** From now on it has no result under this key. */
  markUntrusted(key: Key): void;
}

/** A source that fetches each entry once and leaves out those that do not belong to their key. */
export function checkedSource(source: ResultSource): CheckedSource {
  const remembered = memory<Promise<SourceResult | undefined>>();
  const distrusted = new Set<Key>();
  return {
    async entry(key) {
      const found = await remembered(key, () => source.entry(key));
      return found !== undefined && !distrusted.has(key) && belongsTo(found, key) ? found : undefined;
    },
    object: (digest) => source.object(digest),
    put: (result, objects) => source.put(result, objects),
    markUntrusted(key) {
      distrusted.add(key);
      source.markUntrusted?.(key);
    },
    restored: (key) => source.restored?.(key),
    withheld: (key) => source.withheld?.(key),
    onWarning: (listener) => source.onWarning?.(listener),
    finish: async (stopped) => source.finish?.(stopped),
  };
}

/** The key is the digest of the manifest, the manifest names the outs, and a run computed them. */
function belongsTo({ entry, manifest }: FinishedResult, key: Key): boolean {
  const [found, declared] = [Object.keys(entry.outs), Object.keys(manifest.outs)];
  return (
    entry.key === key &&
    entry.adopted !== true &&
    keyOf(manifest) === key &&
    found.length === declared.length &&
    declared.every((name) => found.includes(name))
  );
}
