import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { expect, test } from 'vitest';
import { mlflowBatches } from '../../src/tracking/mlflow/mlflow-batches.ts';
import { mlflowExporter } from '../../src/tracking/mlflow/mlflow-exporter.ts';
import { openLoopbackProxy } from '../hub/loopback-proxy.ts';
import { sampleRun } from './sample-run.ts';

test('calls have at most 1,000 metrics, 100 params and 100 tags, each kind separately', () => {
  const run = {
    ...sampleRun,
    params: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, index])),
    series: { loss: Array.from({ length: 1999 }, (_, step) => ({ step, value: 1, at: 1 })) },
  };
  const sizes = mlflowBatches(run, 'p').map((batch) =>
    Object.entries(batch).map(([kind, list]) => `${kind} ${list.length}`),
  );
  expect(sizes).toEqual([
    ['tags 6'],
    ['params 100'],
    ['params 1'],
    ['metrics 1000'],
    ['metrics 1000'],
    ['metrics 3'],
  ]);
});

test('names that MLflow does not accept are rewritten without collisions', () => {
  const metrics = ['a[b]', 'a(b)', 'a_b_'].map((name) => ({
    source: 's',
    instance: 'i',
    name,
    value: 1,
    at: 1,
  }));
  const batches = mlflowBatches({ ...sampleRun, params: {}, series: {}, metrics }, 'p');
  expect(batches.flatMap((batch) => ('metrics' in batch ? batch.metrics.map(({ key }) => key) : []))).toEqual(
    ['s/a_b_', 's/a_b__2', 's/a_b__3'],
  );
});

test.each([
  ['mlruns', /"mlruns" is not a URL of a server/],
  ['file:///tmp', /is not a URL of a server/],
  ['http://me:secret@host', /^the URL of host holds credentials: set MLFLOW_TRACKING_USERNAME/],
])('%s is refused, without showing its password', (url, message) => {
  const exporter = mlflowExporter(url, 'p', {});
  expect(exporter).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  expect(JSON.stringify(exporter)).not.toContain('secret');
});

/** A server with scripted answers, one for each request. */
async function answering(answers: readonly (readonly [status: number, body: string])[]) {
  const seen: { url: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    const [status, body] = answers[Math.min(seen.length, answers.length - 1)] ?? [500, ''];
    seen.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { seen, url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
}

test('an overloaded server is retried; credentials come from the environment', async () => {
  using server = await answering([
    [503, ''],
    [404, '{"error_code": "ENDPOINT_NOT_FOUND"}'],
  ]);
  const exporter = mlflowExporter(server.url, 'p', {
    MLFLOW_TRACKING_USERNAME: 'me',
    MLFLOW_TRACKING_PASSWORD: 'secret',
  });
  const written = exporter.ok ? await exporter.value.write(sampleRun) : exporter;
  expect(written).toEqual({
    ok: false,
    error: `${server.url}: experiments/get-by-name: status 404: it is not an MLflow server`,
  });
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 2 }, () => `Basic ${Buffer.from('me:secret').toString('base64')}`),
  );
});

test('a run is created once: no retry when the answer is lost', async () => {
  using server = await answering([
    [200, '{"experiment": {"experiment_id": "1", "lifecycle_stage": "active"}}'],
    [200, '{}'],
    [500, ''],
  ]);
  const exporter = mlflowExporter(server.url, 'p', {});
  const written = exporter.ok ? await exporter.value.write(sampleRun) : exporter;
  expect(written).toMatchObject({ ok: false, error: expect.stringContaining('runs/create: status 500') });
  expect(server.seen.map(({ url }) => url.split('/').at(-1)?.split('?')[0])).toEqual([
    'get-by-name',
    'search',
    'create',
  ]);
});

test('an unreachable server is reported', async () => {
  const { url, [Symbol.dispose]: close } = await answering([]);
  close();
  const exporter = mlflowExporter(url, 'p', {});
  const written = exporter.ok ? await exporter.value.write(sampleRun) : exporter;
  expect(written).toMatchObject({ ok: false, error: expect.stringMatching(/ECONNREFUSED/) });
});

test('the server is reached through the proxy of the environment, unless NO_PROXY names it', async () => {
  using server = await answering([[404, '{}']]);
  await using proxy = await openLoopbackProxy(server.url);
  const write = async (url: string, environment: NodeJS.ProcessEnv): Promise<void> => {
    const exporter = mlflowExporter(url, 'p', environment);
    if (exporter.ok) await exporter.value.write(sampleRun);
  };
  await write('http://hub.invalid', { HTTP_PROXY: proxy.url });
  await write(server.url, { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
  expect(proxy.asked.map(({ target }) => target)).toEqual(['hub.invalid:80']);
  expect(server.seen).toHaveLength(2);
});

test('a proxy that is no URL is refused, without showing its password', async () => {
  const exporter = mlflowExporter('http://hub.invalid', 'p', { HTTP_PROXY: 'gopher://user:secret@proxy' });
  const written = exporter.ok ? await exporter.value.write(sampleRun) : exporter;
  expect(written).toEqual({
    ok: false,
    error: 'the proxy of HTTPS_PROXY: it is not a URL such as http://proxy.example:3128',
  });
});
