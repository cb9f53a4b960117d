import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { openRemote } from '../../src/runner/cache/remote/open-remote.ts';
import type { NewContent, RemoteStorage } from '../../src/runner/cache/remote/remote-storage.ts';
import { type S3Server, serversHere, startServer } from './server.ts';

const never = new AbortController().signal;

const contentOf = (bytes: Buffer): NewContent => ({
  size: bytes.length,
  digest: digestOf(bytes),
  open: async () => [bytes],
});

async function storageOf(address: string, environment: NodeJS.ProcessEnv): Promise<RemoteStorage> {
  const opened = await openRemote(address, { environment, home: homedir(), root: homedir() });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

async function bytesAt(storage: RemoteStorage, name: string): Promise<Buffer | undefined> {
  const file = await storage.read(name, never);
  if (!file.ok) throw new Error(file.error.message);
  if (file.value === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of file.value.bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.skipIf(serversHere.length === 0)('a bucket', () => {
  describe.each(serversHere)('of %s', (kind) => {
    let server: S3Server;
    let storage: RemoteStorage;
    beforeAll(async () => {
      server = await startServer(kind);
      storage = await storageOf(await server.bucket(), server.environment);
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    test.each([0, 1, 100_000, 3_000_000, 70 << 20])('keeps an object of %i bytes', async (size) => {
      const bytes = randomBytes(size);
      const name = `objects/sha256/aa/${digestOf(bytes)}`;
      expect(await bytesAt(storage, name)).toBeUndefined();
      expect(await storage.create(name, contentOf(bytes), never)).toEqual({ ok: true, value: 'created' });
      expect(await storage.create(name, contentOf(bytes), never)).toEqual({ ok: true, value: 'present' });
      expect((await bytesAt(storage, name))?.equals(bytes)).toBe(true);
    });

    test('lists the files of a folder with their age, and no others', async () => {
      for (const name of ['entries/k/one', 'entries/k/two', 'entries/kk/three', 'entries/k/deeper/four'])
        await storage.replace(name, contentOf(Buffer.from(name)), never);
      const listed = await storage.list('entries/k', never);
      if (!listed.ok) throw new Error(listed.error.message);
      expect(listed.value.map(({ name }) => name).sort()).toEqual(['one', 'two']);
      for (const { ageSeconds } of listed.value) expect(ageSeconds).toBeLessThan(600);
      expect(await storage.list('entries/none', never)).toEqual({ ok: true, value: [] });
    });

    test('has an entry replaced, and refreshed', async () => {
      await storage.replace('entries/r/one', contentOf(Buffer.from('old')), never);
      await storage.replace('entries/r/one', contentOf(Buffer.from('new')), never);
      expect(String(await bytesAt(storage, 'entries/r/one'))).toBe('new');
      expect(await storage.refresh('entries/r/one', never)).toEqual({ ok: true, value: true });
      expect(await storage.refresh('entries/r/none', never)).toEqual({ ok: true, value: false });
      expect(String(await bytesAt(storage, 'entries/r/one'))).toBe('new');
    });

    test.each([1000, 2_000_000, 65 << 20])(
      'of many writers of %i bytes, one creates the object, and the others find it there',
      async (size) => {
        const bytes = randomBytes(size);
        const name = `objects/race/${digestOf(bytes)}`;
        const storages = await Promise.all(
          Array.from({ length: size > 1 << 24 ? 4 : 20 }, async () =>
            storageOf(storage.name, server.environment),
          ),
        );
        let unanswered = 0;
        const answers = await Promise.all(
          storages.map(async (each) => {
            const answer = await each.create(name, contentOf(bytes), never);
            if (answer.ok || answer.error.kind !== 'silent') return answer;
            // seaweedfs sometimes keeps writers of one object waiting for longer than a request may take.
            unanswered += 1;
            return each.create(name, contentOf(bytes), never);
          }),
        );
        const said = answers.map((answer) => (answer.ok ? answer.value : answer.error.message));
        const created = said.filter((word) => word === 'created').length;
        // Whose request was not answered may have created it.
        expect(created + unanswered).toBeGreaterThanOrEqual(1);
        // seaweedfs checks for an object before it joins the parts, so two writers of equal bytes can both do so.
        if (kind !== 'seaweedfs' || size <= 1 << 24) expect(created).toBeLessThanOrEqual(1);
        expect(said.filter((word) => word === 'present')).toHaveLength(storages.length - created);
        expect((await bytesAt(storage, name))?.equals(bytes)).toBe(true);
      },
    );

    test('never has an object that was damaged on the way', async () => {
      for (const size of [6, 70 << 20]) {
        const bytes = randomBytes(size);
        const content = { ...contentOf(bytes), digest: digestOf('other') };
        const sent = await storage.create(`objects/rotten/${size}`, content, never);
        expect(sent.ok || sent.error.kind).toBe('unsent');
        expect(await bytesAt(storage, `objects/rotten/${size}`)).toBeUndefined();
      }
    });

    test('with a wrong secret is reported as denied, distinct from missing', async () => {
      const wrong = await storageOf(storage.name, { ...server.environment, AWS_SECRET_ACCESS_KEY: 'wrong' });
      for (const answer of [
        await wrong.list('entries/k', never),
        await wrong.read('entries/k/one', never),
        await wrong.replace('entries/k/one', contentOf(Buffer.from('x')), never),
      ])
        expect(answer.ok || answer.error).toMatchObject({ kind: 'denied' });
      const nowhere = await storageOf('s3://no-such-bucket-here', server.environment);
      const listed = await nowhere.list('entries/k', never);
      expect(listed.ok || listed.error.message).toContain('no bucket "no-such-bucket-here"');
      expect(await storage.read('entries/k/none', never)).toEqual({ ok: true, value: undefined });
    });

    test('is not used further when it is given up', async () => {
      const given = new AbortController();
      const bytes = randomBytes(70 << 20);
      const sent = storage.create('objects/given-up', contentOf(bytes), given.signal);
      given.abort();
      expect((await sent).ok).toBe(false);
      expect(await bytesAt(storage, 'objects/given-up')).toBeUndefined();
    });
  });
});
