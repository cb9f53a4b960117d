import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository as the loopback hub has it: the files of one commit, by name. */
export interface Repository {
  readonly commit: string;
  /** Branches and tags. */
  readonly names?: readonly string[];
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Names of files that are stored as large ones: known by their SHA-256, sent by the other server. */
  readonly large?: readonly string[];
}

export interface Request {
  readonly server: 'hub' | 'store';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Answers a request in the place of the hub; false: it does not concern it. */
export type Trick = (request: Request, response: ServerResponse) => boolean | Promise<boolean>;

export interface LoopbackHub extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: readonly Request[];
  readonly repositories: Map<string, Repository>;
  /** The first that answers, answers; each for as long as it stands here. */
  readonly tricks: Trick[];
}

/**
 * Two servers on 127.0.0.1 that answer as the Hugging Face hub and its store of large files do: the hub tells
 * a revision's commit, lists a tree page by page, and sends small files itself, from another path of its own;
 * large ones it redirects to the store, telling their size, SHA-256 and Xet hash, as far as the HTTP clients
 * of the hub read them.
 */
export async function openLoopbackHub(): Promise<LoopbackHub> {
  const repositories = new Map<string, Repository>();
  const requests: Request[] = [];
  const tricks: Trick[] = [];
  const answerAs =
    (server: Request['server'], answer: (request: Request, response: ServerResponse) => void) =>
    (incoming: IncomingMessage, response: ServerResponse): void => {
      const request: Request = {
        server,
        method: incoming.method ?? 'GET',
        path: decodeURIComponent(incoming.url ?? '/'),
        headers: { ...incoming.headers, range: incoming.headers.range } as Request['headers'],
      };
      requests.push(request);
      void (async () => {
        for (const trick of tricks) if (await trick(request, response)) return;
        answer(request, response);
      })();
    };
  const store = await listen(
    answerAs('store', ({ path, headers }, response) => {
      const oid = path.slice(1);
      const file = [...repositories.values()]
        .flatMap((repository) => Object.values(repository.files))
        .find((bytes) => sha256(bytes) === oid);
      if (file === undefined) return void response.writeHead(404).end();
      sendRange(file, headers['range'], response);
    }),
  );
  const hub = await listen(
    answerAs('hub', ({ path, headers }, response) => {
      const url = new URL(path.replaceAll('#', '%23'), 'http://hub');
      const [, name, rest] =
        /^\/((?:datasets\/)?(?:[\w.-]+\/)?[\w.-]+)\/((?:revision|tree|resolve|cached)\/.*)$/.exec(
          decodeURIComponent(url.pathname).replace(/^\/api\/(resolve-cache\/)?(models\/)?/, '/'),
        ) ?? [];
      const repository = repositories.get(name ?? '');
      if (repository === undefined || rest === undefined)
        return void response
          .writeHead(401, {
            'x-error-code': 'RepoNotFound',
            'x-error-message': 'Invalid username or password.',
          })
          .end();
      const [kind, revision = '', ...names] = rest.split('/');
      if (revision !== repository.commit && !repository.names?.includes(revision))
        return void response
          .writeHead(404, {
            'x-error-code': 'RevisionNotFound',
            'x-error-message': `Invalid rev id: ${revision}`,
          })
          .end();
      if (kind === 'revision')
        return void response.end(
          JSON.stringify({
            _id: '1',
            id: name,
            sha: repository.commit,
            private: false,
            gated: false,
            downloads: 0,
            likes: 0,
            lastModified: '2026-01-01T00:00:00.000Z',
            siblings: Object.keys(repository.files).map((rfilename) => ({ rfilename })),
          }),
        );
      if (kind === 'tree') return sendTree(repository, url, response, `http://${headers['host'] ?? ''}`);
      const file = names.join('/');
      const bytes = repository.files[file];
      if (bytes === undefined) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      response.setHeader('x-repo-commit', repository.commit);
      if (repository.large?.includes(file) === true) {
        const xet = {
          'x-xet-hash': sha256(Buffer.from(sha256(bytes))),
          link:
            `<http://${headers['host'] ?? ''}/api/models/${name}/xet-read-token/` +
            `${repository.commit}>; rel="xet-auth"`,
        };
        return void response
          .writeHead(302, {
            location: `${addressOf(store)}/${sha256(bytes)}`,
            'x-linked-etag': `"${sha256(bytes)}"`,
            'x-linked-size': String(bytes.length),
            'accept-ranges': 'bytes',
            ...xet,
          })
          .end();
      }
      response.setHeader('etag', `"${gitOid(bytes)}"`);
      if (kind === 'resolve')
        return void response
          .writeHead(307, {
            location:
              `/api/resolve-cache/${kindOf(name)}/cached/${repository.commit}/` +
              `${encodeURIComponent(file)}`,
          })
          .end();
      sendRange(bytes, headers['range'], response);
    }),
  );
  return {
    endpoint: addressOf(hub),
    requests,
    repositories,
    tricks,
    async [Symbol.asyncDispose]() {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => {
          server.close(resolve);
        });
      }
    },
  };
}

/** "models/owner/name" or "datasets/owner/name". */
const kindOf = (name = ''): string => (name.startsWith('datasets/') ? name : `models/${name}`);

/** Two entries a page, the next one named by the Link header. */
function sendTree({ files, large }: Repository, url: URL, response: ServerResponse, origin: string): void {
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const isListed = (path: string): boolean =>
    url.searchParams.get('recursive') === 'true' || !path.includes('/');
  const listed = Object.entries(files).filter(([path]) => isListed(path));
  const entries = listed.map(([path, bytes]) => ({
    type: 'file',
    path,
    size: bytes.length,
    ...(large?.includes(path) === true
      ? {
          oid: gitOid(Buffer.from('pointer')),
          lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 },
        }
      : { oid: gitOid(bytes) }),
  }));
  const tree = [{ type: 'directory', path: 'onnx', size: 0, oid: gitOid(Buffer.alloc(0)) }, ...entries];
  if (from + 2 < tree.length) {
    url.searchParams.set('cursor', String(from + 2));
    response.setHeader('link', `<${origin}${url.pathname}${url.search}>; rel="next"`);
  }
  response.setHeader('content-type', 'application/json').end(JSON.stringify(tree.slice(from, from + 2)));
}

/** A file, or its end where a range asks for that. */
export function sendRange(bytes: Uint8Array, range: string | undefined, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (range === undefined)
    return void response
      .writeHead(200, { 'content-length': bytes.length, 'accept-ranges': 'bytes' })
      .end(bytes);
  if (start >= bytes.length)
    return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  response
    .writeHead(206, {
      'content-length': bytes.length - start,
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    })
    .end(bytes.subarray(start));
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** How git names a file: "git hash-object". */
export const gitOid = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo;
  return `http://127.0.0.1:${address.port}`;
}
