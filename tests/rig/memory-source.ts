import type { Digest } from '../../src/files/digest.ts';
import type { Bytes, ResultSource } from '../../src/runner/cache/result-source.ts';
import type { Key } from '../../src/runner/identity.ts';
import type { FinishedResult } from '../../src/runner/store/entries.ts';

/** A source of results that is a map; a test changes what it holds. */
export interface MemorySource extends ResultSource {
  readonly entries: Map<Key, FinishedResult>;
  readonly objects: Map<Digest, Bytes>;
  /** What it was asked for and given, in order. */
  readonly calls: string[];
}

export function memorySource(): MemorySource {
  const entries: MemorySource['entries'] = new Map();
  const objects: MemorySource['objects'] = new Map();
  const calls: string[] = [];
  return {
    entries,
    objects,
    calls,
    async entry(key) {
      calls.push('entry');
      return entries.get(key);
    },
    async object(digest) {
      calls.push('object');
      return objects.get(digest);
    },
    async put(result, given) {
      for (const { digest, open } of given) {
        const bytes = await open();
        if (bytes === undefined) return { ok: false, error: { path: digest, message: 'no bytes' } };
        const pieces: Uint8Array[] = [];
        for await (const piece of bytes) pieces.push(piece);
        objects.set(digest, [Buffer.concat(pieces)]);
        calls.push('put object');
      }
      entries.set(result.entry.key, result);
      calls.push('put entry');
      return { ok: true, value: undefined };
    },
  };
}
