import type { Digest } from '../../../files/digest.ts';
import type { SharedCacheReport } from '../../answers/shared-cache.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Key } from '../../identity.ts';
import type { FinishedResult } from '../../store/entries.ts';
import type { Bytes, ResultSource, SourceResult, StoredObject } from '../result-source.ts';
import { type Circuit, circuit } from './circuit.ts';
import { entriesFolder, entryName, objectName } from './remote-names.ts';
import { type RemoteFault, RemoteFailure, type RemoteStorage } from './remote-storage.ts';
import {
  longestEntry,
  readEntry,
  type SharedEntry,
  type Signer,
  signerFile,
  type SigningKey,
} from './signed-entry.ts';
import { quotedCommand, type TypedPipeline } from '../../wording/command-text.ts';
import { uploadQueue } from './upload-queue.ts';
import { uploadResult } from './upload-result.ts';

export interface RemoteRules {
  /** Signatures of other projects count for nothing. */
  readonly project: string;
  /** Whose entries count, in this order. */
  readonly trust: readonly Signer[];
  readonly read: boolean;
  /** Undefined: read only. */
  readonly signing: SigningKey | undefined;
  readonly host: string;
}

/** Used later than this after they were written, entry and objects are made young again. */
const freshSeconds = 7 * 86_400;

/**
 * The results that several machines share. An entry is accepted if a trusted signer signed it for this
 * project and this key; an object if its digest matches. A fault of the storage never fails the run.
 */
export function remoteSource(
  storage: RemoteStorage,
  { project, trust, read, signing, host }: RemoteRules,
  warnings: readonly Diagnostic[] = [],
  typed?: TypedPipeline,
): ResultSource {
  const stop = new AbortController();
  const counts = { ...nothing, fetched: { ...none }, uploaded: { ...none } };
  let warn = ignoreWarning;
  const guard = (what: string): Circuit =>
    circuit(stop.signal, ({ message }) =>
      warn({
        severity: 'warning',
        code: 'shared-cache-off',
        message: `${what} the shared cache ${storage.name} is off for this run: ${message}`,
        help: `check the connection with ${quotedCommand(typed, 'remote check')}`,
      }),
    );
  const reading = guard('reading from');
  const writing = guard('writing to');
  const queue = uploadQueue();
  const used = new Map<Key, { readonly entry: SharedEntry; readonly signer: Signer; readonly age: number }>();
  const sizes = new Map<Digest, number>();
  /** Whose objects there turned out to be missing or damaged. */
  const untrustedKeys = new Set<Key>();
  /** Whose outs are withheld, and not here. */
  const partial = new Set<Key>();

  async function entry(key: Key): Promise<SourceResult | undefined> {
    if (!read) return undefined;
    const listed = await reading.call((signal) => storage.list(entriesFolder(key), signal));
    if (listed === undefined) return void (counts.unanswered += 1);
    const ages = new Map(listed.value.map(({ name, ageSeconds }) => [name, ageSeconds]));
    for (const signer of trust) {
      const age = ages.get(signerFile(signer));
      if (age === undefined) continue;
      const text = await textOf(entryName(key, signer));
      if (text === undefined) continue;
      const checked = readEntry(text, { project, key, signer });
      if (!checked.ok) {
        counts.refused += 1;
        continue;
      }
      for (const [digest, size] of checked.value.objects) sizes.set(digest, size);
      used.set(key, { entry: checked.value, signer, age });
      return resultOf(checked.value, signer, storage.name);
    }
    if (ages.size === 0) counts.absent += 1;
    else if (trust.every((signer) => !ages.has(signerFile(signer)))) counts.untrusted += 1;
    return undefined;
  }

  async function textOf(name: string): Promise<string | undefined> {
    const file = await reading.call((signal) => storage.read(name, signal));
    if (file?.value === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    for await (const piece of limited(file.value, longestEntry)) pieces.push(piece);
    return Buffer.concat(pieces).toString('utf8');
  }

  /** The bytes that the storage sends, up to a length. A stream that breaks off counts as ended. */
  async function* limited(
    file: { readonly bytes: Bytes; close(): void },
    most: number,
  ): AsyncGenerator<Uint8Array> {
    let length = 0;
    try {
      for await (const piece of file.bytes) {
        length += piece.length;
        if (length > most) return;
        yield piece;
      }
    } catch (error) {
      reading.fault(faultOf(error));
    } finally {
      file.close();
    }
  }

  async function object(digest: Digest): Promise<Bytes | undefined> {
    const size = sizes.get(digest);
    if (size === undefined) return undefined;
    const file = await reading.call((signal) => storage.read(objectName(digest), signal));
    if (file?.value === undefined) return undefined;
    if (file.value.size !== size) {
      file.value.close();
      return undefined;
    }
    counts.fetched.objects += 1;
    counts.fetched.bytes += size;
    return limited(file.value, size);
  }

  async function upload(
    result: FinishedResult,
    objects: readonly StoredObject[],
    key: SigningKey,
  ): Promise<void> {
    const replaces = untrustedKeys.has(result.entry.key);
    const isDone = await uploadResult(
      storage,
      { result, objects, key, project, host, replaces },
      writing,
      (size) => {
        counts.uploaded.objects += 1;
        counts.uploaded.bytes += size;
      },
    );
    if (isDone) counts.uploaded.results += 1;
    else counts.notUploaded += 1;
  }

  /** Another signer's entry may not be writable here: then it ages. */
  async function refresh(key: Key): Promise<void> {
    const found = used.get(key);
    if (found === undefined || found.age < freshSeconds || signing === undefined) return;
    for (const digest of found.entry.objects.keys())
      await writing.call((signal) => storage.refresh(objectName(digest), signal));
    const name = entryName(key, found.signer);
    if (found.signer === signing.signer) await writing.call((signal) => storage.refresh(name, signal));
    counts.refreshed += 1;
  }

  return {
    entry,
    object,
    async put(result, objects) {
      if (signing !== undefined && !writing.signal.aborted) queue.add(() => upload(result, objects, signing));
      return { ok: true, value: undefined };
    },
    markUntrusted: (key) => {
      untrustedKeys.add(key);
      counts.incomplete += 1;
    },
    restored(key) {
      counts.fetched.results += 1;
      if (signing !== undefined) queue.add(() => refresh(key));
    },
    withheld: (key) => void partial.add(key),
    onWarning(listener) {
      warn = listener;
      for (const warning of warnings) listener(warning);
    },
    async finish(stopped): Promise<SharedCacheReport> {
      const left = await queue.finish(stopped);
      if (left > 0) stop.abort();
      await queue.ended();
      return {
        ...counts,
        partial: partial.size,
        notUploaded: counts.notUploaded + left,
        remote: storage.name,
        ...(writing.lastFault() === undefined ? {} : { uploadFault: writing.lastFault()?.message ?? '' }),
        ...(reading.reason() === undefined ? {} : { readingOff: reading.reason() ?? '' }),
        ...(writing.reason() === undefined ? {} : { writingOff: writing.reason() ?? '' }),
      };
    },
  };
}

const ignoreWarning: (warning: Diagnostic) => void = () => undefined;

const none = { results: 0, objects: 0, bytes: 0 };
const nothing = {
  absent: 0,
  untrusted: 0,
  refused: 0,
  incomplete: 0,
  unanswered: 0,
  notUploaded: 0,
  refreshed: 0,
};

const faultOf = (error: unknown): RemoteFault =>
  error instanceof RemoteFailure
    ? error.fault
    : { kind: 'failed', message: error instanceof Error ? error.message : 'the connection was interrupted' };

function resultOf(
  { key, outs, manifest, run, seconds, at, host }: SharedEntry,
  signer: Signer,
  remote: string,
): SourceResult {
  const contents = Object.entries(outs).map(([name, { form, digest }]) => [name, { form, digest }] as const);
  return {
    entry: { key, outs: Object.fromEntries(contents) },
    manifest,
    run,
    seconds,
    at,
    origin: { signer, host, remote, at, seconds },
    withheld: Object.entries(outs).flatMap(([name, out]) => (out.withheld ? [name] : [])),
  };
}
