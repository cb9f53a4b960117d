import type { ListFileEntry } from '@huggingface/hub';
import { type Digest, parseDigest } from '../../files/digest.ts';
import type { Result } from '../../result.ts';
import { ask, type Hub } from './ask.ts';
import { BodyFault, piecesOf } from './body.ts';
import { isDataSet } from './data-files.ts';
import { staysInside } from '../wording/hub-name.ts';
import type { HubProblem } from './hub-fault.ts';
import { type Attempt, type Control, persist } from './download/persist.ts';
import type { Answer } from './send.ts';

/** A file as the hub lists it. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  /**
   * Large files are known by the SHA-256 of their bytes; others as git knows them, by the SHA-1 of a header
   * and their bytes.
   */
  readonly hash:
    | { readonly kind: 'sha256'; readonly digest: Digest }
    | { readonly kind: 'git'; readonly oid: string };
}

/** The commit that a branch or tag points to now. */
export async function commitOfName(
  hub: Hub,
  repository: string,
  revision: string,
  control: Control,
): Promise<Result<string, HubProblem>> {
  return answered(async () => {
    const { datasetInfo, modelInfo } = await import('@huggingface/hub');
    const { type, name } = repositoryOf(repository);
    const asked = { name, revision, hubUrl: hub.endpoint, fetch: apiFetch(hub, repository, control) };
    const { sha } =
      type === 'dataset'
        ? await datasetInfo({ ...asked, additionalFields: ['sha'] })
        : await modelInfo({ ...asked, additionalFields: ['sha'] });
    return isCommit(sha) ? { ok: true, value: sha } : nonsense('it names no commit');
  });
}

/** Whether a value is a full commit hash: 40 lower-case hex digits. */
export const isCommit = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);

/** A repository as the library of the hub names it. */
const repositoryOf = (repository: string): { readonly type: 'model' | 'dataset'; readonly name: string } =>
  isDataSet(repository)
    ? { type: 'dataset', name: repository.slice('datasets/'.length) }
    : { type: 'model', name: repository };

/**
 * The files of a repository: of a model those in its top folder, which has all of its own, of a data set
 * those of all folders.
 */
export async function listRepository(
  hub: Hub,
  repository: string,
  commit: string,
  control: Control,
): Promise<Result<readonly RemoteFile[], HubProblem>> {
  return answered(async () => {
    const { listFiles } = await import('@huggingface/hub');
    const files: RemoteFile[] = [];
    for await (const entry of listFiles({
      repo: repositoryOf(repository),
      recursive: isDataSet(repository),
      revision: commit,
      hubUrl: hub.endpoint,
      fetch: apiFetch(hub, repository, control),
    })) {
      if (typeof entry.path !== 'string') return nonsense('it lists a file without a name');
      if (!staysInside(entry.path)) return { ok: false, error: { kind: 'hostile-name', name: entry.path } };
      if (entry.type !== 'file') continue;
      const file = remoteFile(entry);
      if (file === undefined) return nonsense(`it lists ${entry.path} without a size or a hash`);
      if (files.push(file) > mostFiles) return nonsense(`it lists more than ${mostFiles} files`);
    }
    return { ok: true, value: files };
  });
}

function remoteFile({ path, size, oid, lfs }: ListFileEntry): RemoteFile | undefined {
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  if (lfs === undefined) return isCommit(oid) ? { path, size, hash: { kind: 'git', oid } } : undefined;
  const digest = parseDigest(String(lfs.oid).replace(/^sha256:/, ''));
  return digest.ok && lfs.size === size
    ? { path, size, hash: { kind: 'sha256', digest: digest.value } }
    : undefined;
}

/** Carries a problem through the library, which treats it as opaque. */
class Refused extends Error {
  readonly problem: HubProblem;
  constructor(problem: HubProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** What the library throws that is not ours is about an answer that it cannot read. */
async function answered<T>(call: () => Promise<Result<T, HubProblem>>): Promise<Result<T, HubProblem>> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.problem };
    return nonsense(error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read');
  }
}

/**
 * The `fetch` passed to the library: adds token, retries and limits, and reads the response to its end, so
 * that a truncated one is requested again.
 */
function apiFetch(hub: Hub, repository: string, control: Control): typeof fetch {
  const visited = new Set<string>();
  return async (input) => {
    const url = String(input);
    if (!url.startsWith(`${hub.endpoint}/`))
      throw badAnswer(`its Link header points to another server: ${JSON.stringify(url.slice(0, 200))}`);
    if (visited.has(url)) throw badAnswer('its Link header points to a page that was already read');
    if (visited.size === mostRequests) throw badAnswer(`its list has more than ${mostRequests} pages`);
    visited.add(url);
    const path = url.slice(hub.endpoint.length + 1);
    const read = await persist(
      async () =>
        readWhole(await ask(hub, repository, path, { accept: 'application/json' }, control.signal), control),
      control,
    );
    if (!read.ok) throw new Refused(read.error);
    return read.value;
  };
}

const badAnswer = (message: string): Refused => new Refused({ kind: 'bad-answer', message });

async function readWhole(attempt: Attempt<Answer>, control: Control): Promise<Attempt<Response>> {
  if (attempt.kind !== 'done') return attempt;
  const { status, headers } = attempt.value;
  const link = headers.get('link') ?? '';
  if (!isReadableLink(link))
    return {
      kind: 'failed',
      problem: {
        kind: 'bad-answer',
        message: `its Link header cannot be parsed: ${JSON.stringify(link.slice(0, 200))}`,
      },
    };
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of piecesOf(attempt.value, control)) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > mostBytes) break;
    }
  } catch (error) {
    if (!(error instanceof BodyFault)) throw error;
    return { kind: error.mayWork ? 'again' : 'failed', problem: error.problem };
  }
  if (bytes > mostBytes)
    return {
      kind: 'failed',
      problem: { kind: 'bad-answer', message: `it is larger than ${mostBytes} bytes` },
    };
  return {
    kind: 'done',
    value: new Response(Buffer.concat(pieces), { status, headers: { link } }),
  };
}

/** The library passes over a link that it cannot read, and takes the first page for the whole list. */
const isReadableLink = (link: string): boolean =>
  link === '' || /^(<https?:\/\/[\x21-\x7e]+>;\s+rel="[\w -]+"(,\s*|$))+$/.test(link);

const nonsense = (message: string): { readonly ok: false; readonly error: HubProblem } => ({
  ok: false,
  error: { kind: 'bad-answer', message },
});

const mostFiles = 10_000;
const mostRequests = 200;
const mostBytes = 16 * 1024 * 1024;
