import type { Digest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import { memory } from '../../memory.ts';
import type { Result } from '../../result.ts';
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
  entry(key: Key): Promise<FinishedResult | undefined>;
  /** The bytes of an object. Whoever reads them hashes them. */
  object(digest: Digest): Promise<Bytes | undefined>;
  /** Keeps a result: its objects, in this order, and only then the entry that names them. */
  put(result: FinishedResult, objects: readonly NewObject[]): Promise<Result<void, FileProblem>>;
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

/** A source whose answers are checked against the key, each asked for once. */
export interface CheckedSource extends ResultSource {
  /** Its result under a key turned out to be wrong: it has none from now on. */
  distrust(key: Key): void;
}

export function checkedSource(source: ResultSource): CheckedSource {
  const remembered = memory<Promise<FinishedResult | undefined>>();
  const distrusted = new Set<Key>();
  return {
    async entry(key) {
      const found = await remembered(key, () => source.entry(key));
      return found !== undefined && !distrusted.has(key) && belongsTo(found, key) ? found : undefined;
    },
    object: (digest) => source.object(digest),
    put: (result, objects) => source.put(result, objects),
    distrust: (key) => void distrusted.add(key),
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
