import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { folderStorage } from '../../src/runner/cache/remote/folder-storage.ts';
import { type Clone, clone, person, temporaryFolder } from '../rig/shared-clone.ts';

const stages = {
  count: { cmd: 'cat ${deps.rows} > ${outs.sum}', deps: { rows: 'rows' }, outs: { sum: 'sum.txt' } },
  tree: {
    cmd:
      'mkdir -p ${outs.all}/sub; cp ${deps.sum} ${outs.all}/sub/copy; echo x > ${outs.all}/x; ' +
      'chmod +x ${outs.all}/x',
    deps: { sum: { from: 'count', out: 'sum' } },
    outs: { all: 'all' },
  },
};
const filesFor = (remote: string, more: object = {}): Readonly<Record<string, unknown>> => ({
  rows: 'a\nb\n',
  'pipeline.yaml': { name: 'shared', cache: { remote: `file://${remote}`, ...more }, stages },
});

/** Every file below a folder. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .sort();
const objectsIn = (remote: string): readonly string[] => filesIn(join(remote, 'objects'));
const entriesIn = (remote: string): readonly string[] => filesIn(join(remote, 'entries'));

/** Changes a file that is read-only. */
function overwrite(path: string, change: (bytes: Buffer) => Buffer): void {
  const changed = change(readFileSync(path));
  chmodSync(path, 0o644);
  writeFileSync(path, changed);
}

async function runAll(some: Clone) {
  return (await some.runHere()).outcomes;
}

const ran = { count: 'ran', tree: 'ran' };
const restored = { count: 'restored', tree: 'restored' };

describe('a folder shared by several machines', () => {
  test('gives a clone all results of another machine byte for byte, with their origin', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    const made = await first.runHere();
    expect(made.outcomes).toEqual(ran);
    expect(made.shared?.uploaded).toMatchObject({ results: 2, objects: 3 });
    expect(objectsIn(remote.path).map((path) => digestOf(readFileSync(path)))).toEqual(
      objectsIn(remote.path).map((path) => path.split('/').at(-1)),
    );

    using second = clone(ada.environment, filesFor(remote.path));
    const got = await second.runHere();
    expect(got.outcomes).toEqual(restored);
    expect(got.shared?.fetched).toMatchObject({ results: 2, objects: 3 });
    expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
    const origins = got.events.flatMap((event) =>
      event.kind === 'finished' && event.outcome.kind === 'restored' ? [event.outcome.origin] : [],
    );
    expect(origins).toHaveLength(2);
    expect(origins[0]).toMatchObject({ signer: ada.signer, remote: `file://${remote.path}` });
    const explained = await second.withProject((project) => project.explain('count'));
    expect(explained.ok && explained.value.origin).toMatchObject({ signer: ada.signer });
  });

  test('is not asked for what is intact locally', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    rmSync(remote.path, { recursive: true });
    const again = await first.runHere();
    expect(again.outcomes).toEqual({ count: 'up-to-date', tree: 'up-to-date' });
    expect(again.warnings).toEqual([]);
    // Not even a run that cannot remember that it had nothing to do.
    const forced = await first.runHere({ patterns: ['tree'], mode: 'only' });
    expect(forced.warnings).toEqual([]);
  });

  test('results signed by untrusted keys count as misses', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using bob = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    using second = clone({ ...bob.environment, PIPELINE_CACHE_WRITE: '0' }, filesFor(remote.path));
    const alone = await second.runHere();
    expect(alone.outcomes).toEqual(ran);
    expect(alone.shared).toMatchObject({ untrusted: 2, uploaded: { results: 0 } });
    expect(entriesIn(remote.path)).toHaveLength(2);

    using third = clone(bob.environment, filesFor(remote.path, { trust: [bob.signer, ada.signer] }));
    expect(await runAll(third)).toEqual(restored);
  });

  test('the first trusted signer in the order of the list is used', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using bob = person();
    for (const one of [ada, bob]) {
      using work = clone(one.environment, filesFor(remote.path));
      await work.runHere();
    }
    expect(entriesIn(remote.path)).toHaveLength(4);
    using reader = clone({}, filesFor(remote.path, { trust: [bob.signer, ada.signer] }));
    const got = await reader.runHere();
    expect(got.outcomes).toEqual(restored);
    const signers = got.events.flatMap((event) =>
      event.kind === 'finished' && event.outcome.kind === 'restored' ? [event.outcome.origin?.signer] : [],
    );
    expect(signers).toEqual([bob.signer, bob.signer]);
  });

  test('without a key, trusted results are read and nothing is written', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere({ patterns: ['count'] });
    const before = filesIn(remote.path);
    using reader = clone(
      { XDG_CONFIG_HOME: remote.path, PIPELINE_CACHE_WRITE: '1' },
      filesFor(remote.path, { trust: [ada.signer] }),
    );
    const got = await reader.runHere();
    expect(got.outcomes).toEqual({ count: 'restored', tree: 'ran' });
    expect(got.warnings).toEqual([expect.stringContaining('there is no private key')]);
    expect(filesIn(remote.path)).toEqual(before);
  });

  const spoilt: Readonly<Record<string, (remote: string) => void>> = {
    'a bit that flipped in each object'(remote) {
      for (const path of objectsIn(remote))
        overwrite(path, (bytes) => Buffer.from(bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte))));
    },
    'objects that were evicted'(remote) {
      rmSync(join(remote, 'objects'), { recursive: true });
    },
    'objects that are longer than the entry says'(remote) {
      for (const path of objectsIn(remote)) {
        chmodSync(path, 0o644);
        appendFileSync(path, 'more');
      }
    },
    'objects that are links out of the folder'(remote) {
      for (const path of objectsIn(remote)) {
        rmSync(path);
        symlinkSync('/etc/hostname', path);
      }
    },
    'objects that are pipes, which nobody writes to'(remote) {
      for (const path of objectsIn(remote)) {
        rmSync(path);
        execFileSync('mkfifo', [path]);
      }
    },
  };
  test.each(Object.keys(spoilt))('%s: nothing of it is restored, and it is repaired', async (what) => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    spoilt[what]?.(remote.path);
    using second = clone(ada.environment, filesFor(remote.path));
    const got = await second.runHere();
    expect(got.outcomes).toEqual(ran);
    expect(got.shared).toMatchObject({ incomplete: 2, fetched: { results: 0 } });
    expect(got.exitCode).toBe(0);
    expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
    using third = clone(ada.environment, filesFor(remote.path));
    expect(await runAll(third)).toEqual(restored);
  });

  const forged: Readonly<Record<string, (remote: string) => void>> = {
    'entries of each other, as they were signed'(remote) {
      const [a = '', b = ''] = entriesIn(remote);
      renameSync(a, `${a}.moved`);
      renameSync(b, a);
      renameSync(`${a}.moved`, b);
    },
    'entries with another out'(remote) {
      for (const path of entriesIn(remote))
        overwrite(path, (bytes) =>
          Buffer.from(
            bytes
              .toString()
              .replace('"form":"file"', '"form":"executable"')
              .replace('"form":"folder"', '"form":"file"'),
          ),
        );
    },
    'entries that are no JSON'(remote) {
      for (const path of entriesIn(remote)) overwrite(path, () => Buffer.from('{'));
    },
  };
  test.each(Object.keys(forged))('%s are refused and counted', async (what) => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    forged[what]?.(remote.path);
    using second = clone({ ...ada.environment, PIPELINE_CACHE_WRITE: '0' }, filesFor(remote.path));
    const got = await second.runHere();
    expect(got.outcomes).toEqual(ran);
    expect(got.shared).toMatchObject({ refused: 2, fetched: { results: 0, objects: 0 } });
  });

  test('results of another project are refused', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path, { project: 'one' }));
    await first.runHere();
    using second = clone(ada.environment, filesFor(remote.path, { project: 'two' }));
    const got = await second.runHere();
    expect(got.outcomes).toEqual(ran);
    expect(got.shared).toMatchObject({ refused: 2 });
  });

  test('a missing folder costs one line and no exit code, and is never created', async () => {
    using parent = temporaryFolder();
    using ada = person();
    const remote = join(parent.path, 'not-mounted');
    const many = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [
        `s${index}`,
        { cmd: `echo ${index} > \${outs.o}`, outs: { o: 'o' } },
      ]),
    );
    using work = clone(ada.environment, {
      'pipeline.yaml': { name: 'x', cache: { remote: `file://${remote}` }, stages: many },
    });
    const got = await work.runHere();
    expect(got.exitCode).toBe(0);
    expect(new Set(Object.values(got.outcomes))).toEqual(new Set(['ran']));
    const shown = got.warnings.filter((text) => text.includes('is off for this run'));
    expect(shown.filter((text) => text.startsWith('reading'))).toHaveLength(1);
    expect(shown.filter((text) => text.startsWith('writing')).length).toBeLessThanOrEqual(1);
    expect(shown[0]).toContain('there is no folder');
    expect(readdirSync(parent.path)).toEqual([]);
  });

  test('status and dry runs use it only with --remote', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    using second = clone(ada.environment, filesFor(remote.path));
    expect((await second.forecast(false)).willRestore).toEqual([]);
    expect((await second.forecast(true)).willRestore.map(({ instance }) => instance)).toEqual([
      'count',
      'tree',
    ]);
    const states = async (asks: boolean) => (await second.status(asks)).instances.map(({ state }) => state);
    expect(await states(false)).toEqual(['out-of-date', 'waiting']);
    expect(await states(true)).toEqual(['restorable', 'restorable']);
    expect(second.snapshot('artifacts')).toEqual({});
  });

  test('push: false keeps bytes and file names local; stages that read them fetch the rest', async () => {
    using remote = temporaryFolder();
    using ada = person();
    const files = {
      ...filesFor(remote.path),
      'pipeline.yaml': {
        name: 'shared',
        cache: { remote: `file://${remote.path}` },
        stages: { ...stages, count: { ...stages.count, outs: { sum: { path: 'sum.txt', push: false } } } },
      },
    };
    using first = clone(ada.environment, files);
    await first.runHere({ patterns: ['count'] });
    const everything = filesIn(remote.path)
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    expect(everything).toContain(digestOf('a\nb\n'));
    expect(everything).not.toContain('a\nb\n');
    expect(entriesIn(remote.path)).toHaveLength(1);
    await first.runHere();
    using second = clone(ada.environment, files);
    const got = await second.runHere();
    expect(got.outcomes).toEqual({ count: 'ran', tree: 'restored' });
    expect(got.shared).toMatchObject({ partial: 1 });
    // Bytes that are here make it whole.
    rmSync(join(second.root, 'artifacts'), { recursive: true });
    using third = clone(ada.environment, files);
    cpSync(join(second.root, 'cache/objects'), join(third.root, 'cache/objects'), { recursive: true });
    expect(await runAll(third)).toEqual(restored);
  });

  test('entries older than a week are refreshed when used', async () => {
    using remote = temporaryFolder();
    using ada = person();
    using first = clone(ada.environment, filesFor(remote.path));
    await first.runHere();
    const old = Date.now() / 1000 - 8 * 86_400;
    for (const path of filesIn(remote.path)) utimesSync(path, old, old);
    using second = clone(ada.environment, filesFor(remote.path));
    expect((await second.runHere()).shared).toMatchObject({ refreshed: 2 });
    const storage = folderStorage(remote.path);
    for (const path of filesIn(remote.path)) {
      const listed = await storage.list(
        dirname(path).slice(remote.path.length + 1),
        new AbortController().signal,
      );
      expect(listed.ok && listed.value.every(({ ageSeconds }) => ageSeconds < 3600)).toBe(true);
    }
  });

  test('the machine file and variables take precedence over the pipeline file', async () => {
    using remote = temporaryFolder();
    using other = temporaryFolder();
    using ada = person();
    using work = clone(ada.environment, {
      ...filesFor(remote.path),
      'pipeline.machine.yaml': `cache: { remote: "file://${other.path}" }\n`,
    });
    await work.runHere();
    expect(readdirSync(remote.path)).toEqual([]);
    expect(entriesIn(other.path)).toHaveLength(2);
    using wrong = clone(ada.environment, {
      ...filesFor(remote.path),
      'pipeline.machine.yaml': 'cache: { trust: [] }\n',
    });
    await expect(wrong.runHere()).rejects.toThrow('the shared cache has no \\"trust\\"');
  });
});

test('of twenty concurrent writers of one name one succeeds, and nobody reads a partial file', async () => {
  using remote = temporaryFolder();
  const bytes = Buffer.alloc(300_000, 7);
  const content = { size: bytes.length, digest: digestOf(bytes), open: async () => [bytes] };
  const never = new AbortController().signal;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => folderStorage(remote.path).create('objects/a/b', content, never)),
  );
  expect(answers.map((answer) => (answer.ok ? answer.value : answer.error.message)).sort()).toEqual([
    'created',
    ...Array.from({ length: 19 }, () => 'present'),
  ]);
  expect(readdirSync(join(remote.path, 'objects/a'))).toEqual(['b']);
});

test('an object damaged on the local disk is never uploaded whole', async () => {
  using remote = temporaryFolder();
  const bytes = Buffer.from('rotten');
  const content = { size: bytes.length, digest: digestOf('whole!'), open: async () => [bytes] };
  const sent = await folderStorage(remote.path).create('objects/a', content, new AbortController().signal);
  expect(sent.ok || sent.error.kind).toBe('unsent');
  expect(filesIn(remote.path)).toEqual([]);
  mkdirSync(join(remote.path, 'objects'), { recursive: true });
});
