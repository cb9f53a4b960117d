import { digestOf } from '../../../files/digest.ts';
import type { RemoteStep } from '../../answers/shared-cache.ts';
import { parseKey } from '../../manifest/key-of.ts';
import { entriesFolder, entryName, objectName } from './remote-names.ts';
import { type Answer, failed, type NewContent, RemoteFailure, type RemoteStorage } from './remote-storage.ts';
import type { SigningKey } from './signed-entry.ts';

/** The test file: an object like any other, part of no entry. */
const probe = Buffer.from('a probe of medical-qa-pipeline\n');

/**
 * Performs the operations of a run on a storage, one after another, and reports the outcome of each. `key`: a
 * signing key with write access; undefined: nothing is written.
 */
export async function checkStorage(
  storage: RemoteStorage,
  key: SigningKey | undefined,
  signal: AbortSignal,
): Promise<readonly RemoteStep[]> {
  const steps: RemoteStep[] = [];
  async function step<T>(
    name: string,
    act: () => Promise<Answer<T>>,
    found: (value: T) => { readonly ok: boolean; readonly message: string },
  ): Promise<T | undefined> {
    const started = performance.now();
    const answer = await act();
    const milliseconds = Math.round(performance.now() - started);
    const outcome = answer.ok ? found(answer.value) : { ok: false, message: answer.error.message };
    steps.push({ step: name, ...outcome, milliseconds });
    return answer.ok && outcome.ok ? answer.value : undefined;
  }
  const digest = digestOf(probe);
  const probeKey = parseKey(digest);
  if (probeKey === undefined) throw new Error('a digest is no key');
  const content: NewContent = { size: probe.length, digest, open: async () => [probe] };

  const listed = await step(
    'list',
    () => storage.list(entriesFolder(probeKey), signal),
    () => ({ ok: true, message: 'entries can be listed' }),
  );
  if (listed === undefined || key === undefined) return steps;
  const created = await step(
    'write an object',
    () => storage.create(objectName(digest), content, signal),
    (how) => ({ ok: true, message: how === 'created' ? 'written' : 'already written by an earlier check' }),
  );
  if (created === undefined) return steps;
  await step(
    'write it once',
    () => storage.create(objectName(digest), content, signal),
    (how) => ({
      ok: true,
      message:
        how === 'present'
          ? 'an existing object is not overwritten'
          : 'the server ignores If-None-Match: two machines may write ' +
            'the same object at once, which is harmless',
    }),
  );
  await step(
    'read it back',
    async (): Promise<Answer<Buffer | undefined>> => {
      const file = await storage.read(objectName(digest), signal);
      if (!file.ok || file.value === undefined) return file.ok ? { ok: true, value: undefined } : file;
      try {
        const pieces: Uint8Array[] = [];
        for await (const piece of file.value.bytes) pieces.push(piece);
        return { ok: true, value: Buffer.concat(pieces) };
      } catch (error) {
        if (error instanceof RemoteFailure) return failed(error.fault);
        throw error;
      }
    },
    (bytes) =>
      bytes?.equals(probe) === true
        ? { ok: true, message: 'content matches' }
        : {
            ok: false,
            message:
              bytes === undefined ? 'reading is denied (s3:GetObject)' : 'not the bytes that were written',
          },
  );
  await step(
    'write an entry',
    () => storage.replace(entryName(probeKey, key.signer), content, signal),
    () => ({ ok: true, message: `written under ${key.signer.slice(0, 24)}…` }),
  );
  return steps;
}
