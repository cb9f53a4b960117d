import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import type { Collected } from '../../src/runner/project.ts';
import type { GcRequest } from '../../src/runner/answers/garbage.ts';
import { dayOf, recordUses } from '../../src/runner/store/uses.ts';
import { openStore, type Store } from '../../src/runner/store/database/open-store.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';

const day = 86_400_000;

/** One stage over points; each result takes 1,000 bytes. */
const write = (project: InProcess, points: readonly string[]): void =>
  project.write({
    'pipeline.yaml': {
      stages: {
        fill: { matrix: { point: points }, cmd: "printf '%01000d' ${point} > ${outs.o}", outs: { o: 'o' } },
      },
    },
  });

function inStore<T>(project: InProcess, act: (store: Store) => T): T {
  const store = openStore(join(project.root, 'cache/pipeline.sqlite'));
  if (!store.ok) throw new Error(store.error.message);
  try {
    return act(store.value);
  } finally {
    store.value.close();
  }
}

/** Lets a result have been made and used some days ago. */
const lastUsed = (project: InProcess, instance: string, daysAgo: number): void =>
  inStore(project, (store) => {
    store
      .sql('UPDATE entries SET created_at = ? WHERE key = (SELECT key FROM attempts WHERE instance = ?)')
      .run(Date.now() - daysAgo * day, instance);
  });

async function gc(project: InProcess, request: Partial<GcRequest>): Promise<Collected> {
  const collected = await project.ask((asked) => asked.gc({ dryRun: false, keepRuns: 0, ...request }));
  if (!collected.ok) throw new Error(collected.error.kind);
  return collected.value;
}

const removedBy = ({ removed }: Collected): object =>
  Object.fromEntries(removed.map(({ instance, because }) => [instance, because]));

/** Five results; the last two are named. */
async function fiveResults(): Promise<InProcess> {
  const project = inProcess();
  write(project, ['1', '2', '3', '4', '5']);
  await project.run();
  for (const [point, daysAgo] of [50, 40, 10, 90, 0].entries())
    lastUsed(project, `fill[${point + 1}]`, daysAgo);
  write(project, ['4', '5']);
  return project;
}

describe('gc with limits', () => {
  test('deletes what was unused for longer, never what is named, and leaves files in artifacts', async () => {
    using project = await fiveResults();
    const collected = await gc(project, { unusedDays: 30 });
    expect(removedBy(collected)).toEqual({ 'fill[1]': 'unused', 'fill[2]': 'unused' });
    expect(collected.bytes).toBe(2000);
    expect(collected.kept).toMatchObject({ named: 2, withinLimits: 1 });
    expect(project.read('artifacts/pipeline/fill/1/o')).toHaveLength(1000);
    write(project, ['3', '4', '5']);
    expect(Object.values((await project.run()).outcomes)).not.toContain('ran');
  });

  test('deletes the least recently used first until the rest fits', async () => {
    using project = await fiveResults();
    const dry = await gc(project, { maxBytes: 4000, dryRun: true });
    expect(removedBy(dry)).toEqual({ 'fill[1]': 'size' });
    const collected = await gc(project, { maxBytes: 3000 });
    expect(removedBy(collected)).toEqual({ 'fill[1]': 'size', 'fill[2]': 'size' });
    expect(collected.bytesLeft).toBe(3000);
    expect((await gc(project, { maxBytes: 3000 })).removed).toEqual([]);
  });

  test('deletes named results only on request, after all others', async () => {
    using project = await fiveResults();
    expect((await gc(project, { maxBytes: 1000, dryRun: true })).bytesLeft).toBe(2000);
    const { removed } = await gc(project, { maxBytes: 1000, named: true });
    expect(removed.map(({ instance }) => instance)).toEqual(['fill[1]', 'fill[2]', 'fill[3]', 'fill[4]']);
    expect((await project.run()).outcomes).toEqual({ 'fill[4]': 'ran', 'fill[5]': 'up-to-date' });
  });

  test('a run that uses a result refreshes it', async () => {
    using project = await fiveResults();
    expect((await project.run()).outcomes).toMatchObject({ 'fill[4]': 'up-to-date' });
    write(project, ['5']);
    expect(removedBy(await gc(project, { unusedDays: 30, dryRun: true }))).not.toHaveProperty('fill[4]');
  });
});

test('uses are recorded once a day, and only for results of earlier days', async () => {
  using project = await fiveResults();
  await project.run();
  const rows = (): unknown => inStore(project, (store) => store.sql('SELECT * FROM uses').all());
  expect(rows()).toEqual([{ key: expect.any(String), day: dayOf(Date.now()) }]);
  const key = parseKey(
    inStore(project, (store) => String(store.sql('SELECT key FROM uses').pluck(true).get())),
  );
  if (key === undefined) throw new Error('no key');
  const at = Date.now();
  expect(inStore(project, (store) => recordUses(store, [key], at))).toBe(0);
  expect(inStore(project, (store) => recordUses(store, [key], at - 3 * day))).toBe(0);
  expect(inStore(project, (store) => recordUses(store, [key], at + day))).toBe(1);
  expect(inStore(project, (store) => recordUses(store, [key], at + day))).toBe(0);
});
