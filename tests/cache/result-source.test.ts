import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import type { ResultSource } from '../../src/runner/cache/result-source.ts';
import type { Entry } from '../../src/runner/manifest/decide.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import { openProject, type RunRequest, type RunSummary } from '../../src/runner/project.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { helpersHere } from '../rig/helpers-here.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { type MemorySource, memorySource } from '../rig/memory-source.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** `count` writes a file, `tree` a folder of what `count` wrote. */
const files = {
  rows: 'a\nb\n',
  'pipeline.yaml': `
name: shared
stages:
  count:
    cmd: cat \${deps.rows} > \${outs.sum}
    deps: { rows: rows }
    outs: { sum: sum.txt }
  tree:
    cmd: mkdir -p \${outs.all}/sub; cp \${deps.sum} \${outs.all}/sub/copy; echo x > \${outs.all}/x
    deps: { sum: { from: count, out: sum } }
    outs: { all: all }
`,
};

function project(): InProcess {
  const made = inProcess();
  made.write(files);
  return made;
}

async function runWith(
  source: ResultSource,
  { root }: InProcess,
  asked: Partial<RunRequest> = {},
): Promise<Readonly<Record<string, string>>> {
  const opened = await openProject(
    { folder: root },
    {
      disk: workspaceDisk,
      helpers: await helpersHere(),
      environment: process.env,
      now: () => BigInt(Date.now()) * 1_000_000n,
      retryDelay: () => 0,
      source,
    },
  );
  const never = new AbortController().signal;
  const request = {
    ...wholeRun,
    ...asked,
  } as const;
  const ran = await opened.run(request, () => undefined, { graceful: never, hard: never });
  opened.close();
  if (!ran.ok) throw new Error(JSON.stringify(ran.error));
  return kinds(ran.value);
}

const kinds = ({ outcomes }: RunSummary): Readonly<Record<string, string>> =>
  Object.fromEntries([...outcomes].map(([id, { kind }]) => [id, kind]));

const otherBytes = (outs: Entry['outs']): Entry['outs'] =>
  Object.fromEntries(
    Object.entries(outs).map(([name, { form }]) => [name, { form, digest: digestOf('other') }]),
  );

const everything = { count: 'ran', tree: 'ran' };

/** Files in the cache that are no whole objects. */
const unfinished = ({ root }: InProcess): readonly string[] =>
  readdirSync(`${root}/cache/objects`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.partial'),
  );

describe('a source of results', () => {
  test('is asked between the local cache and the stage, and gets new results, objects first', async () => {
    const source = memorySource();
    using first = project();
    expect(await runWith(source, first)).toEqual(everything);
    expect(source.calls.filter((call) => call.startsWith('put'))).toEqual([
      'put object',
      'put entry',
      'put object',
      'put object',
      'put object',
      'put entry',
    ]);

    source.calls.length = 0;
    expect(await runWith(source, first)).toEqual({ count: 'up-to-date', tree: 'up-to-date' });
    expect(source.calls).toEqual([]);

    using second = project();
    expect(await runWith(source, second)).toEqual({ count: 'restored', tree: 'restored' });
    expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
    expect(source.calls.filter((call) => call === 'entry')).toHaveLength(2);

    // From now on the second project has it by itself.
    source.entries.clear();
    source.objects.clear();
    second.write({ 'artifacts/shared/count/sum.txt': 'edited' });
    expect(await runWith(source, second)).toEqual({ count: 'restored', tree: 'up-to-date' });
  });

  test('never gets adopted results; its computed results precede local adopted ones', async () => {
    const source = memorySource();
    const [adopts, found] = [{ patterns: ['count'], existingOuts: 'adopt' } as const, 'found\n'];
    using one = project();
    one.write({ 'artifacts/shared/count/sum.txt': found });
    expect(await runWith(source, one, adopts)).toEqual({ count: 'up-to-date' });
    expect(source.calls.filter((call) => call.startsWith('put'))).toEqual([]);
    expect(await runWith(source, one, { patterns: ['count'] })).toEqual({ count: 'up-to-date' });
    expect(one.read('artifacts/shared/count/sum.txt')).toBe(found);

    using other = project();
    await runWith(source, other, { patterns: ['count'] });
    expect(await runWith(source, one, { patterns: ['count'] })).toEqual({ count: 'restored' });
    expect(one.read('artifacts/shared/count/sum.txt')).toBe('a\nb\n');
    source.calls.length = 0;
    await runWith(source, one, { patterns: ['count'] });
    expect(source.calls).toEqual([]);
  });

  test('gives back what was dropped here without a rerun, and only where it has the very bytes', async () => {
    const source = memorySource();
    using one = project();
    const temp = (after: string): object => ({
      'pipeline.yaml': files['pipeline.yaml']
        .replace('{ sum: sum.txt }', '{ sum: { path: sum.txt, temp: true } }')
        .replace('cp ${deps.sum}', 'wc -c < ${deps.sum} >')
        .replace('echo x >', `echo ${after} >`),
    });
    one.write({ ...temp('x') });
    await runWith(source, one);
    const never = new AbortController().signal;
    await one.ask((open) => open.verifyRerun('count', () => undefined, { graceful: never, hard: never }));
    source.calls.length = 0;
    expect(await runWith(source, one)).toEqual({ count: 'up-to-date', tree: 'up-to-date' });
    expect(one.snapshot('artifacts')).not.toHaveProperty(['shared/count/sum.txt']);
    expect(source.calls).toEqual([]);

    one.write({ ...temp('y') });
    expect(await runWith(source, one)).toEqual({ count: 'up-to-date', tree: 'ran' });
    expect(source.calls).toContain('object');
    for (const [key, result] of source.entries)
      source.entries.set(key, { ...result, entry: { ...result.entry, outs: otherBytes(result.entry.outs) } });
    one.write({ ...temp('z') });
    expect(await runWith(source, one)).toEqual({ count: 'ran', tree: 'ran' });
  });

  test('that marks a result as adopted counts as a miss', async () => {
    const source = memorySource();
    using one = project();
    await runWith(source, one);
    for (const [key, result] of source.entries)
      source.entries.set(key, { ...result, entry: { ...result.entry, adopted: true } });
    using two = project();
    expect(await runWith(source, two)).toEqual(everything);
  });

  test('repairs an object that is missing locally', async () => {
    const source = memorySource();
    using one = project();
    await runWith(source, one);
    await workspaceDisk.remove(`${one.root}/cache/objects`);
    await workspaceDisk.remove(`${one.root}/artifacts`);
    expect(await runWith(source, one)).toEqual({ count: 'restored', tree: 'restored' });
  });

  const lies: Readonly<Record<string, (source: MemorySource) => void>> = {
    'an object with other bytes'({ objects }) {
      for (const digest of objects.keys()) objects.set(digest, [Buffer.from('something else')]);
    },
    'an object that is missing'({ objects }) {
      objects.clear();
    },
    'an object that breaks off'({ objects }) {
      for (const [digest, bytes] of objects) objects.set(digest, breakingOff(bytes));
    },
    'an entry under the key of another'({ entries }) {
      const [[a, one], [b, other]] = pair([...entries]);
      entries.set(a, { ...other, entry: { ...other.entry, key: a } });
      entries.set(b, { ...one, entry: { ...one.entry, key: b } });
    },
    'an entry without its outs'({ entries }) {
      for (const [key, result] of entries) entries.set(key, { ...result, entry: { key, outs: {} } });
    },
    'a folder whose listing leaves it'({ entries, objects }) {
      const listing = `tree 1\n${JSON.stringify(['f', '../../escaped', digestOf('x\n')])}\n`;
      const [digest, bytes] = [digestOf(listing), [Buffer.from(listing)]];
      objects.set(digest, bytes);
      for (const [key, result] of entries) {
        const outs = Object.fromEntries(
          Object.keys(result.entry.outs).map((name) => [name, { form: 'folder', digest } as const]),
        );
        entries.set(key, { ...result, entry: { key, outs } });
      }
    },
  };

  test.each(Object.keys(lies))('with a wrong result is a miss: %s', async (lie) => {
    const source = memorySource();
    using first = project();
    await runWith(source, first);
    lies[lie]?.(source);
    using second = project();
    expect(await runWith(source, second)).toEqual(everything);
    expect(second.snapshot('artifacts')).toEqual(first.snapshot('artifacts'));
    expect(second.snapshot('.')['escaped']).toBeUndefined();
    expect(unfinished(second)).toEqual([]);
    expect(await runWith(source, second)).toEqual({ count: 'up-to-date', tree: 'up-to-date' });
  });

  test('is not asked for forced instances, and gets no result of an uncached stage', async () => {
    const source = memorySource();
    using one = project();
    one.write({
      'pipeline.yaml': files['pipeline.yaml'].replace('count:\n', 'count:\n    cache: false\n'),
    });
    await runWith(source, one);
    expect([...source.entries.keys()].every((key) => parseKey(key) !== undefined)).toBe(true);
    expect(source.entries.size).toBe(1);
  });
});

function pair<T>(items: readonly T[]): readonly [T, T] {
  const [a, b] = items;
  if (a === undefined || b === undefined) throw new Error('fewer than two');
  return [a, b];
}

async function* breakingOff(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) yield piece.subarray(0, 1);
  throw new Error('connection reset');
}
