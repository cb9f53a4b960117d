import { dirname } from 'node:path';
import { isPartialName } from '../../files/write-atomically.ts';
import type { Collected, KeptResults } from '../answers/garbage.ts';
import type { Key } from '../identity.ts';
import { contentObjects } from './evict.ts';
import { type CachedEntry, chooseGarbage, type GcLimits } from './choose-garbage.ts';
import { objectFiles, objectPath } from './objects.ts';
import { smokeFolder } from '../plan/smoke-instance.ts';
import { removeTree } from '../workspace/replace.ts';
import { partialFiles } from './partial-files.ts';
import { linkFinder } from '../workspace/link-finder.ts';
import { attemptsFolder } from '../workspace/cache-layout.ts';
import { scratchFolder } from '../workspace/scratch.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { readContent } from '../workspace/read-content.ts';
import { abandonAttempt, instanceOfKey, type OpenAttempt } from '../store/attempts.ts';
import { keptOuts } from '../manifest/decide.ts';
import { allEntries, deleteEntry } from '../store/entries.ts';
import { dayOf } from '../store/uses.ts';
import { forgetResults } from '../store/last-results.ts';
import { isFullDisk, type Store, unlessDiskFails } from '../store/database/open-store.ts';
import { forgetListings } from '../store/remembered/listings.ts';
import { forgetPlacement, unnamedPlacements } from '../store/placements.ts';
import { lastRuns } from '../store/runs.ts';

/** What must stay, beside what the last runs made. */
interface Kept {
  readonly keys: ReadonlySet<string>;
  /** Instances that some pipeline file names, as "pipeline instance". */
  readonly instances: ReadonlySet<string>;
  /** Folders outside artifacts/ that hold outs. */
  readonly folders: ReadonlySet<string>;
  /** Attempts whose jobs were left to queues. */
  readonly attempts: { readonly dead: readonly OpenAttempt[]; readonly kept: readonly OpenAttempt[] };
  /** How many runs back results are kept, named or not. */
  readonly runs: number;
}

/**
 * Deletes results that no pipeline file names: first rows, then the objects that no row needs any more, then
 * files that the runner wrote for instances that no longer exist, and unfinished files of killed runs. The
 * caller holds the lock.
 */
export async function collectGarbage(
  workspace: Workspace,
  store: Store,
  kept: Kept,
  { dryRun, now, ...limits }: GcLimits & { readonly dryRun: boolean; readonly now: number },
): Promise<Collected> {
  const recent = new Set(lastRuns(store, kept.runs).map(({ run }) => run));
  const entries = allEntries(store);
  const cached: CachedEntry[] = [];
  for (const { entry, run, lastUse } of entries)
    cached.push({
      key: entry.key,
      lastUse,
      objects: (
        await Promise.all(Object.values(keptOuts(entry)).map((content) => contentObjects(workspace, content)))
      ).flat(),
      keptBecause: kept.keys.has(entry.key) ? 'named' : recent.has(run) ? 'recent' : undefined,
    });
  const sizes = new Map([...objectFiles(workspace)].map(({ digest, size }) => [digest, size]));
  const dead = chooseGarbage(cached, (object) => sizes.get(object) ?? 0, limits, dayOf(now));
  const gone = new Set<Key>(dead.map(({ key }) => key));
  const removed = dead.map(({ lastUse, ...result }) => ({
    ...result,
    instance: instanceOfKey(store, result.key),
    lastUse: dayText(lastUse),
  }));
  const deleteRows = store.database.transaction(() => {
    for (const key of gone) deleteEntry(store, key);
  });
  // A full disk takes no rows before it has room again. A row without its objects is not a result: an
  // instance that needs it runs.
  const rowsAreLeft = !dryRun && !unlessDiskFails(deleteRows, isFullDisk);

  const left = cached.filter(({ key }) => !gone.has(key));
  const needed = new Set(left.flatMap(({ objects: ofEntry }) => ofEntry));
  let bytes = 0;
  let objects = 0;
  for (const { path, digest, size } of objectFiles(workspace)) {
    if (needed.has(digest)) continue;
    objects += 1;
    bytes += size;
    if (dryRun) continue;
    await workspace.disk.remove(placeOf(workspace, path));
    workspace.stats.forget(objectPath(digest));
    await removeEmptyFolders(workspace, path);
  }

  if (rowsAreLeft) deleteRows();

  // A finished key resumes nothing: its run was killed before it could tidy up.
  const finished = new Set<string>(entries.map(({ entry }) => entry.key));
  const inQueues = new Set<string>(kept.attempts.kept.map(({ key }) => key));
  const resumable = new Set([...[...kept.keys].filter((key) => !finished.has(key)), ...inQueues]);
  // Limits are about the cache: files in the project stay.
  const isLimited = limits.maxBytes !== undefined || limits.unusedDays !== undefined;
  const unnamed = isLimited
    ? { files: [], deleted: [], kept: [] }
    : await unnamedFiles(workspace, store, kept);
  const files = [
    ...unnamed.files,
    ...unfinished(workspace, resumable, kept.folders),
    ...deadAttempts(workspace, inQueues),
  ];
  for (const path of files) bytes += sizeOf(workspace, path);
  if (!dryRun) {
    for (const path of files) {
      await removeTree(workspace, placeOf(workspace, path));
      await removeEmptyFolders(workspace, path);
      forgetPlacement(store, path);
    }
    for (const path of unnamed.deleted) {
      await removeEmptyFolders(workspace, path);
      forgetPlacement(store, path);
    }
    for (const attempt of kept.attempts.dead) abandonAttempt(store, attempt);
    if (!isLimited) forgetResults(store, kept.instances);
    forgetListings(store);
  }
  const keptFor = (reason: CachedEntry['keptBecause']): number =>
    left.filter(({ keptBecause }) => keptBecause === reason).length;
  return {
    entries: dead.length,
    removed,
    bytesLeft: [...needed].reduce((sum, object) => sum + (sizes.get(object) ?? 0), 0),
    objects,
    files,
    bytes,
    kept: {
      named: keptFor('named'),
      recent: keptFor('recent'),
      withinLimits: keptFor(undefined),
      files: unnamed.kept,
      attempts: kept.attempts.kept.map(({ pipeline, instance }) => ({ pipeline, instance })),
    },
  };
}

const dayText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** Above the deleted paths. Only below the runner's own folders: others may have been made by hand. */
async function removeEmptyFolders(workspace: Workspace, path: string): Promise<void> {
  const { disk } = workspace;
  for (
    let folder = dirname(path);
    ownFolders.some((own) => folder.startsWith(`${own}/`));
    folder = dirname(folder)
  ) {
    const place = placeOf(workspace, folder);
    const stats = disk.lstat(place);
    if (stats === undefined) continue;
    if (!stats.isDirectory() || disk.list(place).length > 0) return;
    await removeTree(workspace, place);
  }
}

const ownFolders = ['artifacts', 'cache/objects'];

/**
 * Outs of instances that no pipeline file names: those with the content that the runner put there, those that
 * were deleted by hand, and those that are kept.
 */
async function unnamedFiles(
  workspace: Workspace,
  store: Store,
  kept: Kept,
): Promise<{
  readonly files: readonly string[];
  readonly deleted: readonly string[];
  readonly kept: KeptResults['files'];
}> {
  const files: string[] = [];
  const keptFiles: KeptResults['files'][number][] = [];
  const deleted: string[] = [];
  const linkAbove = linkFinder(workspace);
  for (const placement of unnamedPlacements(store, kept.instances)) {
    const { path } = placement;
    if (linkAbove(path) !== undefined) {
      keptFiles.push({ path, because: 'below-a-link' });
      continue;
    }
    const found = await readContent(workspace, path, { links: 'keep' });
    if (!found.ok) keptFiles.push({ path, because: 'unreadable' });
    else if (found.value === undefined) deleted.push(path);
    else if (found.value.content.digest === placement.content.digest) files.push(path);
    else keptFiles.push({ path, because: 'edited' });
  }
  return { files, deleted, kept: keptFiles };
}

/** Files left by a killed run or a smoke run, and scratch folders that no attempt can resume from. */
function unfinished(
  workspace: Workspace,
  resumable: ReadonlySet<string>,
  folders: ReadonlySet<string>,
): readonly string[] {
  const { disk } = workspace;
  const found = [...partialFiles(workspace, folders)];
  const ofSmoke = placeOf(workspace, smokeFolder);
  if (disk.lstat(ofSmoke)?.isDirectory() === true)
    found.push(...disk.list(ofSmoke).map((name) => `${smokeFolder}/${name}`));
  if (disk.lstat(placeOf(workspace, scratchFolder))?.isDirectory() === true) {
    for (const name of disk.list(placeOf(workspace, scratchFolder)))
      if (!isPartialName(name) && !resumable.has(name.replace(/\.origin$/, '')))
        found.push(`${scratchFolder}/${name}`);
  }
  return found;
}

/** Folders of attempts without a job whose results no run will use. No run is in progress. */
function deadAttempts(workspace: Workspace, inQueues: ReadonlySet<string>): readonly string[] {
  const place = placeOf(workspace, attemptsFolder);
  if (workspace.disk.lstat(place)?.isDirectory() !== true) return [];
  return workspace.disk
    .list(place)
    .flatMap((name) => (inQueues.has(name) ? [] : [`${attemptsFolder}/${name}`]));
}

function sizeOf(workspace: Workspace, path: string): number {
  const { disk } = workspace;
  const stats = disk.lstat(placeOf(workspace, path));
  if (stats?.isDirectory() !== true) return Number(stats?.size ?? 0);
  return disk
    .list(placeOf(workspace, path))
    .reduce((sum, name) => sum + sizeOf(workspace, `${path}/${name}`), 0);
}
