import { basename, dirname, join } from 'node:path';
import type { Digest } from '../../../files/digest.ts';
import type { Result } from '../../../result.ts';
import type { Hub } from '../ask.ts';
import { type CommitPlace, inside } from './commit-place.ts';
import { checkHash, downloadFile } from './download-file.ts';
import type { HubProblem } from '../hub-fault.ts';
import type { HubDisk } from '../hub-world.ts';
import { listRepository, type RemoteFile } from '../list-repository.ts';
import { dataFiles, isDataSet } from '../data-files.ts';
import { modelFiles } from '../model-files.ts';
import type { Control } from './persist.ts';
import { DownloadProgress } from './progress.ts';
import { type FetchedFile, stampNow, writeRecord } from '../published.ts';

/** What to fetch, and the place whose lock the caller holds. */
interface Commit {
  readonly hub: Hub;
  readonly repository: string;
  /** The part of a data set that is fetched; undefined: all of the repository. */
  readonly path: string | undefined;
  readonly commit: string;
  readonly place: CommitPlace;
}

/**
 * Fetches the files of a model or a data set and publishes them together. After any failure, complete files
 * and the beginnings of the others stay in the unfinished folder, where the next try finds them.
 */
export async function downloadCommit(
  target: Commit,
  control: Control,
): Promise<Result<readonly FetchedFile[], HubProblem>> {
  const listed = await listRepository(target.hub, target.repository, target.commit, control);
  if (!listed.ok) return listed;
  const chosen = chooseFiles(listed.value, target);
  if (!chosen.ok) return chosen;
  const files = await downloadFiles(chosen.value, target, control);
  return files.ok ? publish(files.value, target, control) : files;
}

function chooseFiles(
  listed: readonly RemoteFile[],
  { repository, path }: Commit,
): Result<readonly RemoteFile[], HubProblem> {
  const byName = new Map(listed.map((file) => [file.path, file]));
  const all = [...byName.keys()];
  const names = isDataSet(repository) ? dataFiles(all, path) : modelFiles(all);
  if (!names.ok) return names;
  return {
    ok: true,
    value: names.value.map((name) => byName.get(name)).filter((file) => file !== undefined),
  };
}

async function downloadFiles(
  chosen: readonly RemoteFile[],
  target: Commit,
  control: Control,
): Promise<Result<readonly FetchedFile[], HubProblem>> {
  const { disk, now } = control.world;
  const { files, partial } = inside(target.place.unfinished, target.repository);
  const names = chosen.map(({ path }) => path);
  // A published folder that was withdrawn may contain other people's files.
  for (const [folder, expected] of [
    [target.place.unfinished, ['files', 'partial']],
    [dirname(files), [basename(files)]],
    [files, names],
    [partial, names],
  ] as const)
    await keepOnly(folder, expected, disk);
  const tally = new DownloadProgress(
    chosen.reduce((sum, { size }) => sum + size, 0),
    now,
    control.report,
  );
  const whole: FetchedFile[] = [];
  for (const file of chosen) {
    const digest = await bringFile(file, target, tally, control);
    if (!digest.ok)
      return {
        ok: false,
        error: digest.error.kind === 'disk' ? { ...digest.error, missing: tally.left() } : digest.error,
      };
    tally.whole(file.path, file.size);
    whole.push({ path: file.path, size: file.size, digest: digest.value });
  }
  return { ok: true, value: whole };
}

/** Makes a folder, or leaves nothing else in it; `names` may hold folders with files in them. */
async function keepOnly(folder: string, names: readonly string[], disk: HubDisk): Promise<void> {
  if (disk.lstat(folder)?.isDirectory() === false) await disk.remove(folder);
  disk.makeFolder(folder);
  const top = new Set(names.map((name) => name.split('/', 1)[0] ?? name));
  for (const name of disk.list(folder)) if (!top.has(name)) await disk.remove(join(folder, name));
  for (const name of top) {
    const below = names.filter((path) => path.startsWith(`${name}/`));
    if (below.length === 0) continue;
    const paths = below.map((path) => path.slice(name.length + 1));
    await keepOnly(join(folder, name), paths, disk);
  }
}

/**
 * A file of an earlier try is kept if its bytes are right. A new file gets its name when it is complete,
 * verified, and flushed to disk.
 */
async function bringFile(
  file: RemoteFile,
  target: Commit,
  tally: DownloadProgress,
  control: Control,
): Promise<Result<Digest, HubProblem>> {
  const { disk } = control.world;
  const { files, partial } = inside(target.place.unfinished, target.repository);
  const path = join(files, file.path);
  const kept = disk.lstat(path)?.isFile() === true ? await checkHash(path, file) : undefined;
  if (kept?.ok === true) return kept;
  await disk.remove(path);
  const coming = join(partial, file.path);
  const digest = await downloadFile(
    {
      ...target,
      file,
      partial: coming,
      onPiece: (length, arrived) => tally.piece(file.path, length, arrived),
    },
    control,
  );
  if (!digest.ok) return digest;
  disk.setMode(coming, 0o444);
  await disk.sync(coming);
  await disk.rename(coming, path);
  return digest;
}

/** All or nothing: the files and their record get their name by one rename, after they are on the disk. */
async function publish(
  files: readonly FetchedFile[],
  { repository, place }: Commit,
  { world, report }: Control,
): Promise<Result<readonly FetchedFile[], HubProblem>> {
  const { disk } = world;
  const unfinished = inside(place.unfinished, repository);
  await disk.remove(unfinished.partial);
  const folders = files.flatMap(({ path }) =>
    path.split('/').map((_, depth, parts) => join(unfinished.files, ...parts.slice(0, depth))),
  );
  for (const folder of new Set(folders)) await disk.sync(folder);
  const recorded = await writeRecord(
    unfinished.record,
    files.map((file) => ({ ...file, stamp: stampNow(join(unfinished.files, file.path), world) })),
    world,
  );
  if (!recorded.ok)
    return { ok: false, error: { kind: 'disk', problem: recorded.error, missing: undefined } };
  await disk.rename(place.unfinished, place.published);
  await disk.sync(dirname(place.published));
  report({ kind: 'fetched', bytes: files.reduce((sum, { size }) => sum + size, 0) });
  return { ok: true, value: files };
}
