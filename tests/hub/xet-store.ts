import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asDedupAnswer, chunksOf, readShard, type ShardFile } from './xet-format.ts';
import { sha256 } from './loopback-hub.ts';

/** A store of chunks on 127.0.0.1, as the hub has for files that are uploaded by Xet. */
export interface XetStore extends AsyncDisposable {
  readonly url: string;
  /** What it takes for a token. */
  readonly token: string;
  readonly requests: readonly { readonly method: string; readonly path: string; readonly bytes: number }[];
  /** Answers before the store does; false: it does not concern it. */
  answerFirst: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** A file of which all parts and a shard have come, by its SHA-256. */
  readonly file: (digest: string) => Buffer | undefined;
}

/** Takes xorbs and shards, checks that they make the files that they say, and tells which chunks it has. */
export async function openXetStore(): Promise<XetStore> {
  const token = 'xet_secret';
  const requests: { readonly method: string; readonly path: string; readonly bytes: number }[] = [];
  const xorbs = new Map<string, readonly Uint8Array[]>();
  const files = new Map<string, Buffer>();
  /** By chunk: the shard that told of it. */
  const shards = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    if (store.answerFirst(request, response)) return;
    const body = await bodyOf(request);
    const path = request.url ?? '';
    requests.push({ method: request.method ?? '', path, bytes: body.length });
    const answer = (status: number, value: object | Buffer): void =>
      void response
        .writeHead(status, {
          'content-type': Buffer.isBuffer(value) ? 'application/octet-stream' : 'application/json',
        })
        .end(Buffer.isBuffer(value) ? value : JSON.stringify(value));
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: 'no such token' });
    const [, kind, hash = ''] =
      /^\/v1\/(chunks|xorbs|shards)(?:\/default\/([0-9a-f]{64}))?$/.exec(path) ?? [];
    if (kind === 'chunks') {
      const shard = shards.get(hash);
      return shard === undefined ? answer(404, {}) : answer(200, asDedupAnswer(shard));
    }
    if (kind === 'xorbs') {
      xorbs.set(hash, chunksOf(body));
      return answer(200, { was_inserted: true });
    }
    if (kind !== 'shards') return answer(404, { error: `unexpected ${path}` });
    const shard = readShard(body);
    for (const [xorb, chunks] of shard.xorbs) {
      if (String(chunks.map(({ length }) => length)) !== String(xorbs.get(xorb)?.map(({ length }) => length)))
        return answer(400, { error: `the chunks of ${xorb} are others` });
      for (const chunk of chunks) shards.set(chunk.hash, body);
    }
    for (const file of shard.files) {
      const bytes = rebuilt(file, xorbs);
      if (bytes === undefined || sha256(bytes) !== file.sha256)
        return answer(400, { error: `the parts do not make ${file.sha256}` });
      files.set(file.sha256, bytes);
    }
    return answer(200, { result: 1 });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const store: XetStore = {
    url: `http://127.0.0.1:${port}`,
    token,
    requests,
    answerFirst: () => false,
    file: (digest) => files.get(digest),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return store;
}

/** The bytes of a file; undefined: a part of it has not come. */
function rebuilt(
  { parts }: ShardFile,
  xorbs: ReadonlyMap<string, readonly Uint8Array[]>,
): Buffer | undefined {
  const pieces = parts.map(({ xorb, from, to, length }) => {
    const piece = Buffer.concat(xorbs.get(xorb)?.slice(from, to) ?? []);
    return piece.length === length ? piece : undefined;
  });
  return pieces.every((piece) => piece !== undefined) ? Buffer.concat(pieces) : undefined;
}

/** All that a request brings. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
