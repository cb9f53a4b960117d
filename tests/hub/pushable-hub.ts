import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf, type XetStore } from './xet-store.ts';

export interface PushableHub extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly token: string;
    readonly body: string;
  }[];
  /** The files of me/medical by name: those of the last commit; none before. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** The status with which a token for the store is refused; 0: it is given. */
  refusesXetToken: number;
}

export interface PushableHubSettings {
  /** Whether the repository is there already. */
  readonly existing?: 'private' | 'public';
  /** It is, and cannot be looked at. */
  readonly isHidden?: boolean;
  /** Where large files go, if their sender knows Xet; otherwise the hub takes them itself. */
  readonly xet?: XetStore;
}

/** A hub on 127.0.0.1 that takes what is pushed to me/medical. */
export async function openPushableHub({
  existing,
  isHidden = false,
  xet,
}: PushableHubSettings = {}): Promise<PushableHub> {
  const requests: PushableHub['requests'][number][] = [];
  const large = new Map<string, Buffer>();
  let files: Readonly<Record<string, Buffer>> = {};
  const server = createServer(async (request, response) => {
    const bytes = await bodyOf(request);
    const body = bytes.toString();
    const path = (request.url ?? '').split('?')[0] ?? '';
    requests.push({ method: request.method ?? '', path, token: request.headers.authorization ?? '', body });
    const send = (status: number, answer: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    if (path === '/api/models/me/medical/revision/HEAD')
      return existing === undefined
        ? send(404, { error: 'Repository not found' })
        : send(200, { _id: '1', id: 'me/medical', private: existing === 'private', downloads: 0, likes: 0 });
    if (path === '/api/repos/create')
      return existing === undefined && !isHidden
        ? send(200, { url: `${endpoint}/me/medical`, id: 'me/medical' })
        : send(409, { error: 'You already created this model repo' });
    if (path.endsWith('/preupload/main')) {
      const asked = JSON.parse(body) as { readonly files: readonly { path: string; size: number }[] };
      return send(200, {
        files: asked.files.map((file) => ({
          path: file.path,
          uploadMode: file.size > 5000 ? 'lfs' : 'regular',
        })),
      });
    }
    if (path.endsWith('/info/lfs/objects/batch')) {
      const { objects, transfers } = JSON.parse(body) as {
        readonly objects: readonly { readonly oid: string; readonly size: number }[];
        readonly transfers: readonly string[];
      };
      const byXet = xet !== undefined && transfers.includes('xet');
      const upload = (oid: string): object =>
        byXet
          ? {
              href: `${endpoint}/api/models/me/medical/xet-write-token/main`,
              header: { 'X-Xet-Session-Id': 'session' },
            }
          : { href: `${endpoint}/store/${oid}?X-Amz-Signature=signed_secret`, header: {} };
      return send(200, {
        transfer: byXet ? 'xet' : 'basic',
        objects: objects.map((object) => ({ ...object, actions: { upload: upload(object.oid) } })),
      });
    }
    if (path.endsWith('/xet-write-token/main') && xet !== undefined)
      return hub.refusesXetToken === 0
        ? send(200, { accessToken: xet.token, casUrl: xet.url, exp: 4_102_444_800 })
        : send(hub.refusesXetToken, { error: `hf_secret may not write` });
    if (path.startsWith('/store/')) {
      large.set(path.slice('/store/'.length), bytes);
      return send(200, {});
    }
    if (path.endsWith('/commit/main')) {
      const operations = body
        .trim()
        .split('\n')
        .slice(1)
        .map((line): { readonly value: Readonly<Record<string, string>> } => JSON.parse(line));
      const made = operations.map(({ value: { path: name = '', content, oid = '' } }) => [
        name,
        content === undefined ? (large.get(oid) ?? xet?.file(oid)) : Buffer.from(content, 'base64'),
      ]);
      if (made.some(([, found]) => found === undefined))
        return send(400, { error: 'a large file is missing' });
      files = Object.fromEntries(made) as Readonly<Record<string, Buffer>>;
      return send(200, {
        commitOid: 'c'.repeat(40),
        commitUrl: `${endpoint}/me/medical/commit/c`,
        hookOutput: '',
      });
    }
    return send(500, { error: `unexpected ${path}` });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const hub: PushableHub = {
    endpoint,
    requests,
    get files() {
      return files;
    },
    refusesXetToken: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return hub;
}
