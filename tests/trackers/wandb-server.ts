import { once } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface RecordedRequest {
  readonly path: string;
  readonly body: string;
}

/** A loopback server that answers `wandb sync` 0.31 as far as it asks, and records what it sends. */
export async function startWandbServer() {
  const requests: RecordedRequest[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const sent = Buffer.concat(pieces);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
    const path = request.url ?? '';
    requests.push({ path, body });
    const answer = path === '/graphql' ? { data: graphqlAnswer(JSON.parse(body), url) } : {};
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return { url, requests, stop: () => void server.close() };
}

function graphqlAnswer(
  { query, variables }: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> },
  url: string,
): object {
  if (query.includes('upsertBucket')) {
    const project = { id: 'p', name: variables['project'], entity: { id: 'e', name: 'me' } };
    const bucket = {
      id: 'b',
      name: variables['name'],
      displayName: 'shown',
      config: '{}',
      historyLineCount: 0,
      project,
    };
    return { upsertBucket: { bucket, inserted: true } };
  }
  if (query.includes('createRunFiles')) {
    const names = variables['files'] as readonly string[];
    const files = names.map((name) => ({ name, uploadUrl: `${url}/upload/${name}` }));
    return { createRunFiles: { runID: 'b', uploadHeaders: [], files } };
  }
  return {
    viewer: { id: 'v', entity: 'me', username: 'me', flags: '{}', teams: { edges: [] } },
    serverInfo: { features: [], cliVersionInfo: { max_cli_version: '0.31.0' }, latestLocalVersionInfo: null },
  };
}
