import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { openRemote } from '../../src/runner/cache/remote/open-remote.ts';
import { clone, person } from '../rig/shared-clone.ts';
import { type S3Server, serversHere, startServer } from './server.ts';

const stages = {
  count: { cmd: 'cat ${deps.rows} > ${outs.sum}', deps: { rows: 'rows' }, outs: { sum: 'sum.txt' } },
  large: { cmd: 'head -c 3000000 /dev/urandom > ${outs.bytes}', outs: { bytes: 'bytes' } },
  tree: {
    cmd: 'mkdir -p ${outs.all}/sub; cp ${deps.sum} ${outs.all}/sub/copy; echo x > ${outs.all}/x',
    deps: { sum: { from: 'count', out: 'sum' } },
    outs: { all: 'all' },
  },
};
const filesFor = (remote: string, more: object = {}): Readonly<Record<string, unknown>> => ({
  rows: 'a\nb\n',
  'pipeline.yaml': { name: 'shared', cache: { remote, ...more }, stages },
});
const ran = { count: 'ran', large: 'ran', tree: 'ran' };
const restored = { count: 'restored', large: 'restored', tree: 'restored' };
const never = new AbortController().signal;

describe.skipIf(serversHere.length === 0)('a bucket shared by several machines', () => {
  describe.each(serversHere)('of %s', (kind) => {
    let server: S3Server;
    beforeAll(async () => {
      server = await startServer(kind);
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    test('gives a clone all results of another machine, byte for byte', async () => {
      const remote = await server.bucket();
      using ada = person();
      const environment = { ...server.environment, ...ada.environment };
      using first = clone(environment, filesFor(remote));
      const made = await first.runHere();
      expect(made.warnings).toEqual([]);
      expect(made.shared?.uploaded).toMatchObject({ results: 3, objects: 4 });
      using second = clone(environment, filesFor(remote));
      const got = await second.runHere();
      expect(got.outcomes).toEqual(restored);
      expect(got.shared?.fetched).toMatchObject({ results: 3, objects: 4 });
      expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
    });

    test('a wrong secret costs one line in each direction, and no exit code', async () => {
      const remote = await server.bucket();
      using ada = person();
      using work = clone(
        { ...server.environment, ...ada.environment, AWS_SECRET_ACCESS_KEY: 'wrong' },
        filesFor(remote),
      );
      const got = await work.runHere();
      expect(got.outcomes).toEqual(ran);
      expect(got.exitCode).toBe(0);
      expect(got.warnings.filter((text) => text.startsWith('reading'))).toHaveLength(1);
      expect(got.warnings.join('\n')).toMatch(/refuses the credentials|denied/);
    });

    test('objects written by an attacker are refused and repaired', async () => {
      const remote = await server.bucket();
      using ada = person();
      const environment = { ...server.environment, ...ada.environment };
      using first = clone(environment, filesFor(remote));
      await first.runHere();
      const opened = await openRemote(remote, { environment, home: homedir(), root: homedir() });
      if (!opened.ok) throw new Error(opened.error);
      const wrong = Buffer.from('A\nb\n');
      const digest = digestOf('a\nb\n');
      const content = { size: 4, digest: digestOf(wrong), open: async () => [wrong] };
      await opened.value.replace(`objects/sha256/${digest.slice(0, 2)}/${digest}`, content, never);
      using second = clone(environment, filesFor(remote));
      const got = await second.runHere();
      expect(got.outcomes).toMatchObject({ count: 'ran', large: 'restored' });
      expect(got.shared).toMatchObject({ incomplete: 1 });
      expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
      using third = clone(environment, filesFor(remote));
      expect((await third.runHere()).outcomes).toEqual(restored);
    });

    test("flipped bits on the server's disk are found, and nothing is restored from them", async () => {
      if (server.files === undefined) return;
      const remote = await server.bucket();
      using ada = person();
      const environment = { ...server.environment, ...ada.environment };
      using first = clone(environment, filesFor(remote));
      await first.runHere();
      const bucket = join(server.files, remote.split('/')[2] ?? '');
      const objects = filesBelow(bucket).filter((path) => path.includes('/objects/'));
      expect(objects).toHaveLength(4);
      for (const path of objects) {
        const bytes = readFileSync(path);
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        chmodSync(path, 0o644);
        writeFileSync(path, bytes);
      }
      using second = clone(environment, filesFor(remote));
      const got = await second.runHere();
      expect(got.outcomes).toEqual(ran);
      expect(got.shared).toMatchObject({ incomplete: 3, fetched: { results: 0 } });
      // Objects that are gone, under entries that are there.
      for (const path of filesBelow(bucket).filter((found) => found.includes('/objects/'))) rmSync(path);
      using third = clone(environment, filesFor(remote));
      const again = await third.runHere();
      expect(again.outcomes).toEqual(ran);
      using fourth = clone(environment, filesFor(remote));
      expect((await fourth.runHere()).outcomes).toEqual(restored);
    });

    test('six clones that compute the same at once leave one of each', async () => {
      const remote = await server.bucket();
      using ada = person();
      const environment = { ...server.environment, ...ada.environment };
      const files = filesFor(remote);
      const clones = Array.from({ length: 6 }, () => clone(environment, files));
      const all = await Promise.all(clones.map((each) => each.runHere({ patterns: ['tree'] })));
      for (const each of all) {
        expect(each.exitCode).toBe(0);
        expect(each.warnings).toEqual([]);
      }
      using reader = clone(environment, files);
      expect((await reader.runHere({ patterns: ['tree'] })).outcomes).toEqual({
        count: 'restored',
        tree: 'restored',
      });
      for (const each of clones) each[Symbol.dispose]();
    });
  });
});

/** Files alone: what a server keeps beside them begins with a dot. */
function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isFile() && !path.includes('/.'));
}
