import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { allEntries } from '../../src/runner/store/entries.ts';
import { allPlacements } from '../../src/runner/store/placements.ts';
import { openStore, type Store } from '../../src/runner/store/database/open-store.ts';
import { openHere } from '../rig/in-process.ts';
import type { Rig } from '../rig/rig.ts';

/** All that two projects have in common that ended alike: outs, results, and the files of the cache. */
export interface Ending {
  readonly artifacts: Readonly<Record<string, string>>;
  /** Where a stage writes outside its own folder. */
  readonly workspace: Readonly<Record<string, string>>;
  /** Outs by key. */
  readonly entries: Readonly<Record<string, unknown>>;
  /** What the runner says that it put there, by path: what it may remove again. */
  readonly placements: Readonly<Record<string, string>>;
  /** Without logs and rows: what a killed run left shows here. */
  readonly cache: readonly string[];
}

/**
 * Runs what is left to run, collects garbage but no result, reads every byte again; gives what is there then.
 */
export async function endOf(rig: Rig): Promise<Ending> {
  const run = await rig.process('run').result;
  expect(run.code === 0 ? '' : run.stderr, 'the next run').toBe('');
  expect(run.warnings, 'warnings of the next run').toEqual([]);
  expect(rig.survivors(), 'processes of stages').toEqual([]);
  const project = await openHere(rig.root);
  try {
    expect(await project.gc({ dryRun: false, keepRuns: 1_000_000 }), 'gc').toMatchObject({ ok: true });
    expect(await project.verify(), 'verify').toMatchObject({ ok: true, value: { faults: [] } });
    const status = await project.status({ patterns: [], mode: 'needs' });
    expect(
      status.ok && status.value.instances.filter(({ state }) => state !== 'up-to-date'),
      'what is still to run',
    ).toEqual([]);
  } finally {
    project.close();
  }
  return {
    artifacts: treeOf(join(rig.root, 'artifacts')),
    workspace: rig.exists('notes') ? treeOf(join(rig.root, 'notes')) : {},
    entries: withStore(rig, (store) =>
      Object.fromEntries(allEntries(store).map(({ entry }) => [entry.key, entry.outs])),
    ),
    placements: withStore(rig, (store) =>
      Object.fromEntries(
        allPlacements(store).map(({ path, instance, content }) => [path, `${instance} ${content.digest}`]),
      ),
    ),
    cache: Object.entries(treeOf(join(rig.root, 'cache'))).flatMap(([path, what]) =>
      /^logs|^[a-z]+\.sqlite/.test(path) || (what === 'folder' && !/^(attempts|scratch)\//.test(path))
        ? []
        : [path],
    ),
  };
}

export function withStore<T>(rig: Rig, ask: (store: Store) => T): T {
  const store = openStore(join(rig.root, 'cache/pipeline.sqlite'));
  if (!store.ok) throw new Error(store.error.message);
  try {
    return ask(store.value);
  } finally {
    store.value.close();
  }
}

/** Everything below a folder, by path. */
function treeOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const what = entry.isSymbolicLink()
          ? `link to ${readlinkSync(path)}`
          : entry.isDirectory()
            ? 'folder'
            : `${(lstatSync(path).mode & 0o111) === 0 ? 'file' : 'executable'} ` +
              `${readFileSync(path, 'latin1')}`;
        return [path.slice(folder.length + 1), what] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
