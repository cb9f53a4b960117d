import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { GraphAnswer, InstanceAnswer, LiveEvent, RunAnswer, RunsAnswer } from '../../src/ui/api.ts';
import type {
  AnswersAnswer,
  CompareAnswer,
  EvaluationsAnswer,
  ExperimentsAnswer,
} from '../../src/pages/result-answers.ts';
import { graphAnswer } from '../../src/ui/server/answers/graph.ts';
import { dataAnswer } from '../../src/ui/server/answers/data-sets.ts';
import { cursorAfter } from '../../src/ui/server/live-events.ts';
import { type PageServer, servePage } from '../../src/ui/server/serve-page.ts';
import { openHere } from '../rig/in-process.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const pageFolder = mkdtempSync(join(tmpdir(), 'page-'));
for (const name of ['index.html', 'page.js', 'page.css', 'icon.svg'])
  writeFileSync(join(pageFolder, name), name);
afterAll(() => rmSync(pageFolder, { recursive: true }));

const answer = (question: string, prediction: string, rougeL: number): string =>
  JSON.stringify({
    question,
    prediction,
    reference: `${question}!`,
    scores: {
      reference: { rougeL, bertscore_f1: rougeL },
      multilingual: { rougeL, exact_match: rougeL === 1 ? 1 : 0 },
    },
    slots: { drug: rougeL === 1 ? 'named' : 'other' },
  });

const copying = (out: string, kind?: string) => ({
  cmd: `cp \${deps.from} \${outs.${out}}`,
  outs: { [out]: kind === undefined ? `${out}.out` : { path: `${out}.out`, kind } },
});

let rig: Rig;
let server: PageServer;
let cookie: string;

beforeAll(async () => {
  rig = await createRig();
  rig.write({
    hostile: '<script>alert(1)</script>',
    'a.jsonl': [answer('one', 'one!', 1), answer('two', 'x', 0.25), answer('three', 'y', 0.5), ''].join('\n'),
    'b.jsonl': [answer('one', 'one!', 1), answer('two', 'two!', 1), answer('three', 'y', 0.5), ''].join('\n'),
    'm.json': '{"metrics":{"rougeL":0.5},"intervals":{"metrics":{"rougeL":[0.25,0.75]}},"lost":NaN}',
    'pipeline.yaml': {
      name: 'shown',
      stages: {
        train: { ...copying('model', 'model'), deps: { from: 'hostile' }, params: { r: 8 } },
        score: {
          cmd: 'cp ${deps.from} ${outs.metrics}',
          deps: { from: 'm.json', model: { from: 'train', out: 'model' } },
          outs: { metrics: { path: 'metrics.json', kind: 'metrics' } },
        },
        eval: {
          matrix: { model: ['a', 'b'] },
          ...copying('predictions'),
          deps: { from: '${model}.jsonl' },
        },
      },
    },
  });
  await rig.pipeline('run').result;
  const served = await servePage({
    port: 0,
    pageFolder,
    version: '1',
    openProject: () => openHere(rig.root),
    problemText: async ({ kind }) => `problem ${kind}`,
    askCommand: ({ instance, question, as }) => [process.execPath, '-e', answering, instance, question, as],
  });
  if (!served.ok) throw new Error(served.error);
  server = served.value;
  const first = await fetch(server.url, { redirect: 'manual' });
  expect([first.status, first.headers.get('location')]).toEqual([303, '/']);
  cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(async () => {
  await server.close();
  await rig[Symbol.asyncDispose]();
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { cookie, ...headers } });
const json = async <T>(path: string): Promise<T> => {
  const answered: T = JSON.parse(await (await get(path)).text());
  return answered;
};

/** All but the stream of events, which does not end. */
const shownRoutes = (
  'project runs run graph instance log file experiments curves curve ' +
  'evaluations answers compare ask-models samples data'
)
  .split(' ')
  .map((name) => `/api/${name}`);

/** The status of a path that is sent as it is: `fetch` would normalize it. */
const statusOf = async (path: string): Promise<number> => {
  const request = httpGet({ host: '127.0.0.1', port: server.port, path, headers: { cookie } });
  const [response]: IncomingMessage[] = await once(request, 'response');
  response?.resume();
  return response?.statusCode ?? 0;
};

/** Stands for `pipeline ask`: a question may make it fail, or compute until it is ended. */
const answering = `
const [instance, question, as] = process.argv.slice(1);
if (question === 'fail') { console.error('error: it has two evaluations'); process.exit(2); }
if (question === 'compute') { require('node:fs').writeFileSync(instance, String(process.pid)); setInterval(() => {}, 1000); }
else console.log(JSON.stringify({ answers: [{ instance, setting: 'beam search', answer: question + as }] }));
`;

const post = (body: object, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal) =>
  fetch(`http://127.0.0.1:${server.port}/ask`, {
    method: 'POST',
    headers: {
      cookie,
      'content-type': 'application/json',
      origin: `http://127.0.0.1:${server.port}`,
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

describe('a question to a model', () => {
  test('is answered by a separate process, and its failure is reported', async () => {
    const answered = await post({ instance: 'train', question: '--file=x <b>', as: 'eval' });
    expect([answered.status, await answered.json()]).toEqual([
      200,
      { answers: [{ setting: 'beam search', answer: '--file=x <b>eval' }], warnings: [] },
    ]);
    const failed = await post({ instance: 'train', question: 'fail', as: '' });
    expect([failed.status, await failed.json()]).toEqual([422, { problem: 'error: it has two evaluations' }]);
  });

  test.each([
    ['without the cookie', 401, { cookie: '' }],
    ['of another origin', 403, { origin: 'http://evil.example' }],
    ['from another site', 403, { 'sec-fetch-site': 'cross-site' }],
    ['as a form', 400, { 'content-type': 'text/plain' }],
  ])('is refused %s', async (_, status, headers) => {
    expect((await post({ instance: 'train', question: 'q', as: '' }, headers)).status).toBe(status);
  });

  test('that nobody waits for any more is cancelled', async () => {
    const file = join(rig.root, 'asked.pid');
    const gone = new AbortController();
    const asked = post({ instance: file, question: 'compute', as: '' }, {}, gone.signal).catch(() => 'gone');
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toMatch(/^\d+$/), { timeout: 20_000 });
    const pid = Number(readFileSync(file, 'utf8'));
    gone.abort();
    expect(await asked).toBe('gone');
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 20_000 });
  });
});

describe('the server of the page', () => {
  test('listens on 127.0.0.1 only, and answers nobody without the cookie', async () => {
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    for (const path of ['/', '/page.js', '/api/runs', '/api/events'])
      expect((await get(path, { cookie: '' })).status).toBe(401);
  });

  test('every response forbids what the page does not need', async () => {
    for (const path of ['/', '/api/runs', '/nothing']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('each page is the same document, and no other path is a file', async () => {
    for (const path of ['/', '/runs', '/graph']) expect(await (await get(path)).text()).toBe('index.html');
    for (const path of [
      '/../package.json',
      '/%2e%2e/secret',
      '/pipeline.yaml',
      '/__proto__',
      '/api/__proto__',
    ])
      expect((await get(path)).status).toBe(404);
  });

  test('runs in pages, the newest first, and each with its instances', async () => {
    await rig.pipeline('run').result;
    const { runs, more } = await json<RunsAnswer>('/api/runs?limit=1');
    expect([runs.length, more]).toEqual([1, true]);
    const older = await json<RunsAnswer>(`/api/runs?limit=5&before=${runs[0]?.run}`);
    expect(older).toMatchObject({ more: false, runs: [{ state: 'done', counts: { ran: 4 } }] });
    const run = await json<RunAnswer>(`/api/run?run=${older.runs[0]?.run}`);
    expect(run.instances[0]).toMatchObject({ instance: 'train', state: 'ran', because: ['no result yet'] });
    expect((await get('/api/run?run=unknown')).status).toBe(404);
  });

  test('the graph with states, and an instance with its outs, log and manifest', async () => {
    const graph = await json<GraphAnswer>('/api/graph');
    expect(graph.stages.map(({ stage }) => stage)).toEqual(['train', 'score', 'eval']);
    expect(graph.stages[2]?.instances.map(({ state }) => state)).toEqual(['up-to-date', 'up-to-date']);
    const instance = await json<InstanceAnswer>('/api/instance?name=train');
    expect(instance).toMatchObject({
      state: 'up-to-date',
      neededBy: ['score'],
      outs: [{ out: 'model', kind: 'model', there: true, isFile: true }],
      manifest: { params: { r: 8 } },
    });
    expect((await get('/api/instance?name=train*')).status).toBe(404);
  });

  test('a row of experiments is a model with the metrics of its evaluations', async () => {
    const { models } = await json<ExperimentsAnswer>('/api/experiments');
    expect(models).toMatchObject([
      {
        instance: 'train',
        from: ['score'],
        metrics: { 'metrics.rougeL': { value: 0.5, low: 0.25, high: 0.75 }, lost: { value: 'NaN' } },
      },
    ]);
  });

  test('answers to the same rows are one set; filters and orders apply to all rows', async () => {
    const { sets } = await json<EvaluationsAnswer>('/api/evaluations');
    expect(sets).toMatchObject([
      { rows: 3, slots: ['drug'], evaluations: [{ instance: 'eval[a]' }, { instance: 'eval[b]' }] },
    ]);
    const models = 'model=eval[a]&model=eval[b]&score=rougeL';
    const rows = async (query: string): Promise<readonly number[]> =>
      (await json<AnswersAnswer>(`/api/answers?${models}&${query}`)).rows.map(({ row }) => row);
    expect(await rows('')).toEqual([2, 3, 1]);
    expect(await rows('sort=row&offset=1&limit=1')).toEqual([2]);
    expect(await rows('show=wrong')).toEqual([2, 3]);
    expect(await rows('show=differ')).toEqual([2]);
    expect(await rows('slot=drug')).toEqual([2, 3]);
    expect(await rows('find=THREE')).toEqual([3]);
    expect(await rows('least=5&sort=row')).toEqual([3]);
    expect(await rows('sort=difference')).toEqual([2, 1, 3]);
    expect((await get('/api/answers?model=train')).status).toBe(404);
  });

  test('two models are compared row by row', async () => {
    const { rows, comparisons } = await json<CompareAnswer>('/api/compare?a=eval[a]&b=eval[b]');
    expect(rows).toBe(3);
    expect(comparisons[0]).toMatchObject({ score: 'rougeL', mean: 0.25, method: 'range' });
  });

  test('a file is downloaded by the name of its out, never rendered, and nothing else is', async () => {
    const file = await get('/api/file?name=train&out=model');
    expect(await file.text()).toBe('<script>alert(1)</script>');
    expect(file.headers.get('content-type')).toBe('application/octet-stream');
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''model.out");
    for (const query of [
      'name=train&out=../../pipeline.yaml',
      'name=train&out=__proto__',
      'name=../x&out=model',
    ])
      expect((await get(`/api/file?${query}`)).ok).toBe(false);
    expect((await get('/api/log?name=train&file=../../pipeline.yaml')).status).toBe(404);
    expect((await get('/api/log?name=train&file=/etc/passwd')).status).toBe(404);
  });

  test.each([
    ['/api/curve', 400],
    ['/api/curve?name=', 400],
    ['/api/curve?name=no-stage', 404],
    ['/api/curve?name=tr*', 404],
    ['/api/curve?name=train%5Ba,b%5D', 404],
    ['/api/instance', 400],
    ['/api/log?name=train', 400],
    ['/api/log?name=no-stage&file=x', 404],
    ['/api/file?name=train', 400],
    ['/api/file?name=no-stage&out=model', 404],
    ['/api/run', 400],
    ['/api/compare?a=eval%5Ba%5D', 400],
    ['/api/compare?a=x&b=y', 404],
  ])('%s is refused with %d', async (path, status) => {
    const refused = await get(path);
    const body: unknown = await refused.json();
    expect([refused.status, body]).toEqual([status, { problem: expect.any(String) }]);
  });

  test('no path and no query is answered as a fault of the server', async () => {
    const hostile = fc.oneof(
      fc.constantFrom(
        '',
        'train',
        'eval[a]',
        'model',
        '*',
        '[',
        ':',
        '%',
        '%00',
        '%ff',
        '%E0%A4%A',
        '__proto__',
      ),
      fc.string({ unit: 'binary' }).map((value) => encodeURIComponent(value)),
    );
    const names = ['name', 'run', 'file', 'out', 'from', 'before', 'limit', 'model', 'a', 'b', 'row', 'show'];
    const parameter = fc.tuple(fc.constantFrom(...names, 'score', 'sort', 'profile', 'since'), hostile);
    const pages = [...shownRoutes, '/', '/page.js', '/graph'].map((path) => fc.constant(path));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          ...pages,
          hostile.map((path) => `/${path}`),
          hostile.map((path) => `/api/${path}`),
        ),
        fc.array(parameter, { maxLength: 4 }),
        async (path, parameters) => {
          const query = parameters.map(([name, value]) => `${name}=${value}`).join('&');
          const status = await statusOf(query === '' ? path : `${path}?${query}`);
          expect(status).toBeGreaterThanOrEqual(200);
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 400 },
    );
  }, 120_000);

  test('a port in use is an error message, not a crash', async () => {
    const again = await servePage({
      port: server.port,
      pageFolder,
      version: '1',
      openProject: () => openHere(rig.root),
      problemText: async () => '',
      askCommand: () => [],
    });
    expect(again).toEqual({
      ok: false,
      error: `port ${server.port} is in use: choose another one with --port, or omit --port for any free one`,
    });
  });
});

test('truncation is reported with the data that it concerns, once for equal numbers', async () => {
  await using other = await createRig();
  const puppet = other.puppet();
  const truncation = [
    { what: 'questions', limit: 512, rows: 9, cut: 0, longest: 40 },
    { what: 'answers', limit: 512, rows: 9, cut: 3, longest: 700 },
  ];
  other.write({
    'preparation.json': { records: 12 },
    'summary.json': { steps: 4, truncation },
    'pipeline.yaml': {
      stages: {
        data: {
          cmd: 'cp ${deps.p} ${outs.preparation}',
          deps: { p: 'preparation.json' },
          outs: { preparation: 'p.json' },
        },
        train: {
          matrix: { seed: [1, 2] },
          cmd: 'cp ${deps.s} ${outs.summary}',
          deps: { s: 'summary.json', rows: { from: 'data', out: 'preparation' } },
          outs: { summary: { path: 'summary.json', kind: 'metrics' } },
        },
        cut: {
          cmd: puppet.cmd,
          deps: { models: { from: 'train', out: 'summary', gather: true } },
          outs: { o: 'o' },
        },
        other: {
          cmd: 'cp ${deps.s} ${outs.summary}',
          deps: { s: 'summary.json' },
          outs: { summary: 's.json' },
        },
      },
    },
  });
  const run = other.pipeline('run');
  const started = await puppet.nextStart();
  const cut = { kind: 'truncated', what: 'questions', count: 3, of: 9, limit: 512 };
  await started.order('event', { line: JSON.stringify(cut) });
  await started.exit(0, { o: '' });
  await run.result;
  const project = await openHere(other.root);
  const [questions, answers] = truncation;
  const instances = ['train[1]', 'train[2]'];
  expect(await dataAnswer(project)).toMatchObject({
    ok: true,
    value: {
      faults: [],
      sets: [
        {
          instance: 'data',
          truncations: [
            { ...answers, instances },
            { what: 'questions', cut: 3, rows: 9, limit: 512, instances: ['cut'] },
            { ...questions, instances },
          ],
        },
      ],
    },
  });
  project.close();
});

test('the graph tells frozen stages from others', async () => {
  await using other = await createRig();
  const outs = { o: 'o' };
  other.write({
    'pipeline.yaml': { stages: { kept: { frozen: true, cmd: 'true', outs }, free: { cmd: 'true', outs } } },
  });
  const project = await openHere(other.root);
  const graph = await graphAnswer(project);
  project.close();
  const frozen = graph.ok ? graph.value.stages.map(({ instances }) => instances[0]?.frozen) : [];
  expect(frozen).toEqual([true, undefined]);
});

describe('live events', () => {
  test('a listener gets the next run live, and after a lost connection what it missed', async () => {
    const live = await listen({});
    await rig.pipeline('run', '--force', 'train').result;
    const all = await live.until(({ event }) => event.kind === 'run-finished');
    live.end();
    expect(all.map(({ event }) => event.kind)).toContain('started');
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index));
    const [, , third] = all;
    const again = await listen({ 'last-event-id': `${third?.run}:${third?.sequence}` });
    const rest = await again.until(({ event }) => event.kind === 'run-finished');
    again.end();
    expect(rest).toEqual(all.slice(3));
  });

  test('an id that this server never sent is ignored', () => {
    expect(cursorAfter('20260101-000000-aaaa:4')).toEqual({ run: '20260101-000000-aaaa', sequence: 5 });
    for (const id of ['', ':', 'x', "x'; DROP TABLE runs:1", 'x:1:2'])
      expect(cursorAfter(id)).toBeUndefined();
  });
});

/** Reads the stream as EventSource does. */
async function listen(headers: Readonly<Record<string, string>>) {
  const gone = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${server.port}/api/events`, {
    headers: { cookie, ...headers },
    signal: gone.signal,
  });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async (): Promise<void> => {
    text += (await reader?.read())?.value ?? '';
  };
  // Its first line comes when the place in the stream is known.
  while (!text.includes('\n\n')) await read();
  return {
    until: async (isLast: (event: LiveEvent) => boolean): Promise<readonly LiveEvent[]> => {
      for (;;) {
        const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']): LiveEvent =>
          JSON.parse(data),
        );
        if (events.some(isLast)) return events;
        await read();
      }
    },
    end: () => gone.abort(),
  };
}
