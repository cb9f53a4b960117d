import { join } from 'node:path';
import { type Digest, parseDigest } from '../../files/digest.ts';
import { type FileProblem, isDamage } from '../../files/file-problem.ts';
import { isJsonObject, type Json, readJson } from '../../files/json.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import { isSettled, stampOf } from '../workspace/stamp.ts';
import type { CommitPlace } from './download/commit-place.ts';
import type { HubWorld } from './hub-world.ts';

/** A file that was fetched: its path in the folder, and its bytes by size and SHA-256. */
export interface FetchedFile {
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

/** The state of the folder where a commit is published. */
type Published =
  | { readonly kind: 'whole'; readonly files: readonly FetchedFile[] }
  | { readonly kind: 'absent' }
  /** Files that are gone, have other bytes, or do not belong there; fetching again repairs them. */
  | { readonly kind: 'damaged'; readonly files: readonly string[] }
  /** The state cannot be determined now. */
  | { readonly kind: 'unreadable'; readonly problem: FileProblem };

/**
 * The published files of a commit, every byte verified: by the stamp that a file had when it was last read,
 * else by reading it.
 */
export async function readPublished(place: CommitPlace, world: HubWorld): Promise<Published> {
  if (world.disk.lstat(place.published) === undefined) return { kind: 'absent' };
  const read = await readRecord(place.record);
  if (!read.ok)
    return isDamage(read.error)
      ? { kind: 'damaged', files: ['record.json'] }
      : { kind: 'unreadable', problem: read.error };
  const record = read.value;
  const found = await Promise.all(record.map((file) => check(place, file, world)));
  const damaged = record.filter((_, index) => found[index] === undefined).map(({ path }) => path);
  const foreign = namesIn(place.files, world).filter((name) => !record.some(({ path }) => path === name));
  if (damaged.length + foreign.length > 0) return { kind: 'damaged', files: [...damaged, ...foreign] };
  const checked = found.filter((file) => file !== undefined);
  // Read-only caches are shared too: a stamp that cannot be noted costs only another reading.
  if (checked.some(({ stamp }, index) => stamp !== record[index]?.stamp))
    await writeRecord(place.record, checked, world);
  return { kind: 'whole', files: checked.map(({ path, size, digest }) => ({ path, size, digest })) };
}

/** A line of the record. No stamp: the file was too young when it was read for a later change to show. */
interface RecordedFile extends FetchedFile {
  readonly stamp: string | undefined;
}

/** Records the content of a folder. */
export function writeRecord(
  path: string,
  files: readonly RecordedFile[],
  world: HubWorld,
): Promise<Result<void, FileProblem>> {
  const lines = files.map(({ path: name, size, digest, stamp }) => ({
    path: name,
    size,
    sha256: digest,
    ...(stamp === undefined ? {} : { stamp }),
  }));
  return writeFileAtomically(path, `${JSON.stringify({ version: 1, files: lines }, null, 2)}\n`, world.disk);
}

async function readRecord(path: string): Promise<Result<readonly RecordedFile[], FileProblem>> {
  const json = await readJson(path);
  if (!json.ok) return json;
  const lines = isJsonObject(json.value) && json.value['version'] === 1 ? json.value['files'] : undefined;
  const files = Array.isArray(lines) ? lines.map(recordedFile).filter((file) => file !== undefined) : [];
  return Array.isArray(lines) && files.length === lines.length && files.length > 0
    ? { ok: true, value: files }
    : { ok: false, error: { path, message: 'is not a record of files' } };
}

function recordedFile(line: Json): RecordedFile | undefined {
  if (!isJsonObject(line)) return undefined;
  const { path, size, sha256, stamp } = line;
  const digest = parseDigest(typeof sha256 === 'string' ? sha256 : '');
  if (
    typeof path !== 'string' ||
    typeof size !== 'number' ||
    !digest.ok ||
    path.split('/').some((part) => /\0|^\.{0,2}$/.test(part))
  )
    return undefined;
  return { path, size, digest: digest.value, stamp: typeof stamp === 'string' ? stamp : undefined };
}

/** The paths of all that is below a folder, but of folders with something in them. */
function namesIn(folder: string, world: HubWorld): readonly string[] {
  const { disk } = world;
  if (disk.lstat(folder)?.isDirectory() !== true) return [];
  return disk.list(folder).flatMap((name) => {
    const inside = namesIn(join(folder, name), world);
    return inside.length === 0 ? [name] : inside.map((path) => `${name}/${path}`);
  });
}

/** The current file; undefined: it differs from the recorded one. */
async function check(
  place: CommitPlace,
  file: RecordedFile,
  world: HubWorld,
): Promise<RecordedFile | undefined> {
  const path = join(place.files, file.path);
  if (world.disk.lstat(path)?.isFile() !== true) return undefined;
  const stamp = stampNow(path, world);
  if (stamp !== undefined && stamp === file.stamp) return file;
  return (await world.disk.digest(path)) === file.digest ? { ...file, stamp } : undefined;
}

/** The stamp of a file that is about to be read; undefined: it is too young for a later change to show. */
export function stampNow(path: string, { disk, now }: HubWorld): string | undefined {
  const stats = disk.lstat(path);
  return stats !== undefined && isSettled(stats, BigInt(now()) * 1_000_000n) ? stampOf(stats) : undefined;
}
