import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CommitOperation, CommitProgressEvent } from '@huggingface/hub';
import type { Result } from '../result.ts';
import type { HubAccess } from '../runner/answers/models.ts';
import type { PublishedFile } from './publication.ts';
import { Unreachable, uploadFetch, type UploadFetch, type Wait } from './upload-fetch.ts';

export interface PushRequest {
  readonly access: HubAccess;
  /** "owner/name". */
  readonly repository: string;
  readonly isPublic: boolean;
  readonly files: readonly PublishedFile[];
  readonly title: string;
  /** Where it is to go, as `visibilityOf` found it. */
  readonly target: PushTarget;
  readonly onProgress?: (progress: PushProgress) => void;
  /** Between two tries of an upload. */
  readonly wait?: Wait;
}

/** Where the files go. `isNew`: the repository does not exist yet. */
export interface PushTarget {
  readonly isNew: boolean;
  readonly visibility: 'private' | 'public';
}

/** Large files are hashed, then uploaded; then one commit names all files. Bytes of all files. */
export interface PushProgress {
  readonly step: 'hashing' | 'uploading' | 'committing';
  readonly bytes: number;
  readonly total: number;
}

/**
 * The visibility of the pushed files. An existing repository keeps its visibility, and nothing is pushed to a
 * public one unless that was requested.
 */
export async function visibilityOf({
  access,
  repository,
  isPublic,
}: Pick<PushRequest, 'access' | 'repository' | 'isPublic'>): Promise<Result<PushTarget>> {
  const { HubApiError, modelInfo } = await import('@huggingface/hub');
  const upload = await uploadFetch(access, new AbortController().signal, waitFor);
  if (!upload.ok) return upload;
  try {
    const { private: isPrivate } = await modelInfo({
      name: repository,
      ...credentials(access, upload.value),
    });
    if (isPrivate) return { ok: true, value: { isNew: false, visibility: 'private' } };
    return isPublic
      ? { ok: true, value: { isNew: false, visibility: 'public' } }
      : {
          ok: false,
          error: `${repository} is public: confirm with \`--public\`, or make the repository private first`,
        };
  } catch (error) {
    // For a missing repository, the hub gives either status.
    if (error instanceof HubApiError && (error.statusCode === 404 || error.statusCode === 401))
      return { ok: true, value: { isNew: true, visibility: isPublic ? 'public' : 'private' } };
    return { ok: false, error: await failureText(error, upload.value) };
  }
}

/**
 * Creates the repository if it does not exist, and adds the files in one commit, large ones by Xet where the
 * hub supports it. Returns its URL. A failure before the commit leaves nothing visible.
 */
export async function pushModel({
  access,
  repository,
  target,
  files,
  title,
  onProgress,
  wait = waitFor,
}: Omit<PushRequest, 'isPublic'>): Promise<Result<string>> {
  const { commitIter, createRepo } = await import('@huggingface/hub');
  const stop = new AbortController();
  const upload = await uploadFetch(access, stop.signal, wait);
  if (!upload.ok) return upload;
  const repo = { type: 'model', name: repository } as const;
  let state = 'nothing was pushed';
  try {
    // If it exists after all, the hub rejects the request: its visibility is unknown.
    if (target.isNew) {
      await createRepo({ repo, visibility: target.visibility, ...credentials(access, upload.value) });
      state = `nothing was pushed: ${repository} was created and has no files yet`;
    }
    const operations = files.map(({ path, content }): CommitOperation => ({
      operation: 'addOrUpdate',
      path,
      content: 'text' in content ? new Blob([content.text]) : pathToFileURL(content.file),
    }));
    const progressOf = progressMeter(files);
    const events = commitIter({
      repo,
      title,
      operations,
      useXet: access.xet,
      abortSignal: stop.signal,
      ...credentials(access, upload.value),
    });
    for (;;) {
      const next = await events.next();
      if (next.done === true)
        return next.value === undefined
          ? { ok: false, error: 'the hub returned no commit' }
          : { ok: true, value: next.value.commit.url };
      if (next.value.event === 'phase' && next.value.phase === 'committing')
        state = `look at ${repository}: the hub may have made the commit`;
      const progress = progressOf(next.value);
      if (progress !== undefined) onProgress?.(progress);
    }
  } catch (error) {
    return { ok: false, error: `${await failureText(error, upload.value)}; ${state}` };
  } finally {
    // The library leaves the uploads of other files going when one fails.
    stop.abort();
  }
}

const waitFor: Wait = (milliseconds, signal) => delay(milliseconds, undefined, { signal });

const credentials = ({ endpoint, token = '' }: HubAccess, { fetch }: UploadFetch) => ({
  hubUrl: endpoint,
  accessToken: token,
  fetch,
});

/** Turns the events of the library into progress in bytes. */
function progressMeter(
  files: readonly PublishedFile[],
): (event: CommitProgressEvent) => PushProgress | undefined {
  const sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = { hashing: new Map<string, number>(), uploading: new Map<string, number>() };
  return (event) => {
    if (event.event === 'phase')
      return event.phase === 'committing' ? { step: 'committing', bytes: total, total } : undefined;
    if (event.state === 'error') return undefined;
    done[event.state].set(event.path, event.progress * (sizes.get(event.path) ?? 0));
    const bytes = Math.round([...done[event.state].values()].reduce((sum, one) => sum + one, 0));
    return { step: event.state, bytes, total };
  };
}

/** Rejections by the hub or its stores, and network failures, are not bugs. */
async function failureText(error: unknown, { withoutSecrets }: UploadFetch): Promise<string> {
  const { HubApiError } = await import('@huggingface/hub');
  if (error instanceof Unreachable) return error.message;
  if (!(error instanceof Error)) throw error;
  if (!(error instanceof HubApiError)) return withoutSecrets(`the hub: ${error.message}`);
  const { statusCode: status, url, data } = error;
  const said = oneLine(withoutSecrets(String(data?.['error'] ?? data?.['message'] ?? '')));
  const refused = `${new URL(url).host} answered with status ${status}${said === '' ? '' : ` (${said})`}`;
  return status === 401 || status === 403 ? `${refused}: check that HF_TOKEN may write there` : refused;
}

/** A text of the server, safe for a terminal. */
const oneLine = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
