import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseDigest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type Json, readJson, writeJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { hubName } from '../wording/hub-name.ts';
import type { HubReference } from './hub-fault.ts';
import { isCommit } from './list-repository.ts';
import type { FetchedFile } from './published.ts';

/** The commit that a reference pointed to when it was first fetched. */
export interface LockedRepository extends HubReference {
  readonly commit: string;
  readonly files: readonly FetchedFile[];
}

/**
 * pipeline.lock, beside pipeline.yaml and under version control: which commit each `hf:` name of the project
 * is, and the digests of its files, so that a branch that moves on the hub changes no result here, and a
 * mirror cannot serve other bytes.
 */
type HubLock = readonly LockedRepository[];

/** Reads the lock of a project; empty if the file does not exist. */
export async function readHubLock(root: string): Promise<Result<HubLock, FileProblem>> {
  const path = join(root, lockName);
  if (!existsSync(path)) return { ok: true, value: [] };
  const json = await readJson(path);
  if (!json.ok) return json;
  const entries = isJsonObject(json.value) && json.value['version'] === 1 ? json.value['hub'] : undefined;
  const locked = Array.isArray(entries) ? entries.map(lockedRepository) : [undefined];
  const wrong = locked.indexOf(undefined);
  if (wrong >= 0)
    return {
      ok: false,
      error: {
        path,
        message: Array.isArray(entries)
          ? `entry ${wrong + 1} is not ` +
            '{ repository, revision, path?, commit, files: { name: { size, sha256 } } }'
          : 'expected { "version": 1, "hub": […] }',
      },
    };
  return { ok: true, value: locked.filter((entry) => entry !== undefined) };
}

/** Writes the lock, in an order that does not depend on that of fetching. */
export function writeHubLock(root: string, lock: HubLock): Promise<Result<void, FileProblem>> {
  const entries = [...lock]
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(({ repository, revision, path: part, commit, files }) => ({
      repository,
      revision,
      ...(part === undefined ? {} : { path: part }),
      commit,
      files: Object.fromEntries(
        [...files]
          .sort((a, b) => (a.path < b.path ? -1 : 1))
          .map(({ path, size, digest }) => [path, { size, sha256: digest }]),
      ),
    }));
  return writeJson(join(root, lockName), { version: 1, hub: entries });
}

/** The lock's entry for a reference. */
export const lockedAs = (lock: HubLock, reference: HubReference): LockedRepository | undefined =>
  lock.find((entry) => keyOf(entry) === keyOf(reference));

/** The lock with one more entry, or with that entry replaced. */
export const withLocked = (lock: HubLock, entry: LockedRepository): HubLock => [
  ...lock.filter((other) => keyOf(other) !== keyOf(entry)),
  entry,
];

/** The names of files that one side lacks or has with other bytes. */
export function differences(
  before: readonly FetchedFile[],
  after: readonly FetchedFile[],
): readonly string[] {
  const paths = new Set([...before, ...after].map(({ path }) => path));
  return [...paths].filter((path) => digestIn(before, path) !== digestIn(after, path)).sort();
}

const digestIn = (files: readonly FetchedFile[], path: string): string | undefined =>
  files.find((file) => file.path === path)?.digest;

const lockName = 'pipeline.lock';

/**
 * The commit that another part of the same revision of a data set is locked to: all parts are of one.
 */
export const commitBeside = (lock: HubLock, { repository, revision }: HubReference): string | undefined =>
  lock.find((entry) => entry.repository === repository && entry.revision === revision)?.commit;

const keyOf = hubName;

function lockedRepository(entry: Json): LockedRepository | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { repository, revision, path, commit, files } = entry;
  if (
    typeof repository !== 'string' ||
    typeof revision !== 'string' ||
    (path !== undefined && typeof path !== 'string') ||
    !isCommit(commit) ||
    !isJsonObject(files)
  )
    return undefined;
  const listed = Object.entries(files).map(([name, file]) => lockedFile(name, file));
  const known = listed.filter((file) => file !== undefined);
  return known.length === listed.length ? { repository, revision, path, commit, files: known } : undefined;
}

function lockedFile(path: string, file: Json): FetchedFile | undefined {
  if (!isJsonObject(file) || typeof file['size'] !== 'number' || typeof file['sha256'] !== 'string')
    return undefined;
  const digest = parseDigest(file['sha256']);
  return digest.ok ? { path, size: file['size'], digest: digest.value } : undefined;
}
