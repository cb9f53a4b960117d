import { join } from 'node:path';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { staysInside } from '../wording/hub-name.ts';
import type { Hub } from './ask.ts';
import { type CommitPlace, commitPlace } from './download/commit-place.ts';
import { downloadCommit } from './download/download-commit.ts';
import type { HubFault, HubProblem, HubReference } from './hub-fault.ts';
import { commitOfName, isCommit } from './list-repository.ts';
import { differences, type LockedRepository } from './hub-lock.ts';
import type { HubSettings } from './hub-settings.ts';
import { type HubWorld, hubWorld } from './hub-world.ts';
import type { Control, FetchLimits } from './download/persist.ts';
import type { HubProgress } from './download/progress.ts';
import { type FetchedFile, readPublished } from './published.ts';

export interface FetchRequest extends HubReference, HubSettings {
  /** The entry of pipeline.lock for this reference: its commit is used, and its files must match. */
  readonly locked?: LockedRepository | undefined;
  /** The commit that the revision is known to be, by pipeline.lock. */
  readonly commit?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
}

/** A model or a data set that is on this machine. */
export interface FetchedRepository extends HubReference {
  readonly commit: string;
  /**
   * Absolute, for a data set possibly a file; all of it is read-only and shared by all users of the same
   * commit.
   */
  readonly folder: string;
  readonly files: readonly FetchedFile[];
}

/**
 * Returns the folder of a model or a data set of the Hugging Face hub: from the cache if it is there and
 * complete, without using the network; otherwise it is fetched. Concurrent calls, in one process or two,
 * fetch it once.
 */
export async function fetchRepository(
  request: FetchRequest,
  world: HubWorld = hubWorld,
): Promise<Result<FetchedRepository, HubFault>> {
  const {
    repository,
    revision,
    path,
    cacheFolder,
    signal = new AbortController().signal,
    onProgress: report = () => undefined,
  } = request;
  try {
    const fetched = await fetchCommit(request, { world, signal, limits: limitsOf(request, world), report });
    return fetched.ok
      ? fetched
      : { ok: false, error: { repository, revision, path, problem: fetched.error } };
  } catch (error) {
    return {
      ok: false,
      error: {
        repository,
        revision,
        path,
        problem: { kind: 'disk', problem: fileProblem(cacheFolder, error), missing: undefined },
      },
    };
  }
}

const limitsOf = ({ leastSpeed, totalTime }: HubSettings, { now }: HubWorld): FetchLimits => ({
  leastSpeed,
  deadline: totalTime === 0 ? Infinity : now() + totalTime * 1000,
});

async function fetchCommit(
  request: FetchRequest,
  control: Control,
): Promise<Result<FetchedRepository, HubProblem>> {
  const { repository, revision, path, cacheFolder, locked } = request;
  const wrong = wrongName(request);
  if (wrong !== undefined) return { ok: false, error: wrong };
  const commit = await commitOf(request, control);
  if (!commit.ok) return commit;
  const place = commitPlace(cacheFolder, { repository, commit: commit.value, path });
  const files = await filesOf(request, commit.value, place, control);
  if (!files.ok) return files;
  const other = locked === undefined ? [] : differences(locked.files, files.value);
  if (other.length > 0) return { ok: false, error: { kind: 'differs-from-lock', files: other } };
  return {
    ok: true,
    value: {
      repository,
      revision,
      path,
      commit: commit.value,
      folder: path === undefined ? place.files : join(place.files, path),
      files: files.value,
    },
  };
}

/**
 * The names become parts of URLs and paths. The hub's own rules: huggingface_hub, validate_repo_id; git
 * check-ref-format.
 */
function wrongName({ repository, revision, path }: HubReference): HubProblem | undefined {
  if (
    !/^(datasets\/)?([\w-][\w.-]{0,95}\/)?[\w-][\w.-]{0,95}$/.test(repository) ||
    /--|\.\./.test(repository)
  )
    return {
      kind: 'bad-name',
      name: repository,
      expected: 'owner/name, of letters, digits, "-", "_" and "."',
    };
  if (!/^[\w-][\w./-]{0,254}$/.test(revision) || revision.includes('..'))
    return { kind: 'bad-name', name: revision, expected: 'a commit, a branch or a tag' };
  if (path !== undefined && !staysInside(path))
    return { kind: 'bad-name', name: path, expected: 'a file or folder of the data set' };
  return undefined;
}

async function commitOf(request: FetchRequest, control: Control): Promise<Result<string, HubProblem>> {
  const { repository, revision, locked, offline } = request;
  if (isCommit(revision)) return { ok: true, value: revision };
  const known = locked?.commit ?? request.commit;
  if (known !== undefined) return { ok: true, value: known };
  if (offline) return { ok: false, error: { kind: 'offline-revision' } };
  const hub = await openHub(request, control);
  return hub.ok ? commitOfName(hub.value, repository, revision, control) : hub;
}

async function filesOf(
  request: FetchRequest,
  commit: string,
  place: CommitPlace,
  control: Control,
): Promise<Result<readonly FetchedFile[], HubProblem>> {
  const { world } = control;
  const found = await readPublished(place, world);
  if (found.kind === 'whole') return { ok: true, value: found.files };
  if (found.kind === 'unreadable') return diskProblem(found.problem);
  if (request.offline)
    return {
      ok: false,
      error: {
        kind: 'offline-files',
        folder: place.files,
        damaged: found.kind === 'damaged' ? found.files : [],
      },
    };
  const hub = await openHub(request, control);
  if (!hub.ok) return hub;
  const release = await takeLock(place, control);
  if (!release.ok) return release;
  try {
    const now = await readPublished(place, world);
    if (now.kind === 'whole') return { ok: true, value: now.files };
    if (now.kind === 'unreadable') return diskProblem(now.problem);
    if (now.kind === 'damaged') await takeBack(place, world);
    const { repository, path } = request;
    return await downloadCommit({ hub: hub.value, repository, path, commit, place }, control);
  } finally {
    release.value();
  }
}

const diskProblem = (problem: FileProblem): Result<never, HubProblem> => ({
  ok: false,
  error: { kind: 'disk', problem, missing: undefined },
});

async function openHub(
  { endpoint, token, proxy, leastSpeed, totalTime }: HubSettings,
  { world }: Control,
): Promise<Result<Hub, HubProblem>> {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    return badSetting('HF_ENDPOINT', 'expected a URL such as https://huggingface.co');
  // fetch would show the value of a header that it cannot send.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    return badSetting('HF_TOKEN', 'it contains a character that tokens cannot have: copy the token again');
  if (Number.isNaN(leastSpeed))
    return badSetting(
      'PIPELINE_HUB_LEAST_SPEED',
      'expected a whole number of bytes per second; 0: no minimum',
    );
  if (Number.isNaN(totalTime))
    return badSetting('PIPELINE_HUB_TOTAL_TIME', 'expected a whole number of seconds; 0: no limit');
  const send = await world.connect(proxy);
  return send.ok
    ? { ok: true, value: { endpoint, token, send: send.value, now: world.now } }
    : badSetting('HTTPS_PROXY', send.error);
}

const badSetting = (variable: string, message: string): Result<never, HubProblem> => ({
  ok: false,
  error: { kind: 'bad-setting', variable, message },
});

/** Waits for another process that is fetching the same commit. */
async function takeLock(
  place: CommitPlace,
  { world, signal, limits, report }: Control,
): Promise<Result<() => void, HubProblem>> {
  for (let isReported = false; ; isReported = true) {
    if (signal.aborted) return { ok: false, error: { kind: 'interrupted' } };
    const release = world.tryLock(place.lock);
    if (!release.ok) return diskProblem(release.error);
    if (release.value !== undefined) return { ok: true, value: release.value };
    if (world.now() >= limits.deadline)
      return { ok: false, error: { kind: 'out-of-time', because: undefined } };
    if (!isReported) report({ kind: 'waiting' });
    await world.wait(500, signal);
  }
}

/** A damaged folder becomes an unfinished one: its intact files are reused. */
async function takeBack(place: CommitPlace, { disk }: HubWorld): Promise<void> {
  await disk.remove(place.unfinished);
  await disk.rename(place.published, place.unfinished);
}
