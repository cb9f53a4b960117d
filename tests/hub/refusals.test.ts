import { expect, test } from 'vitest';
import { hubFaultText } from '../../src/runner/hub/hub-fault.ts';
import { commit, openRig, problemOf, type Rig, valueOf } from './rig.ts';

/** The hub answers what the path names in this way, `times` times. */
function answer(
  rig: Rig,
  part: string,
  times: number,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  let left = times;
  rig.hub.tricks.push(({ path }, response) => {
    if (!path.includes(part) || left-- <= 0) return false;
    response.writeHead(status, headers).end('{"error":"no"}');
    return true;
  });
}

const text = (result: Awaited<ReturnType<Rig['fetch']>>): string =>
  result.ok ? '' : hubFaultText(result.error);

test('a gated model: which terms to accept, and where', async () => {
  await using rig = await openRig();
  answer(rig, '/resolve/', 1, 403, { 'x-error-code': 'GatedRepo' });
  const fetched = await rig.fetch();
  expect(problemOf(fetched)).toEqual({
    kind: 'no-access',
    status: 403,
    gated: true,
    token: false,
    page: `${rig.hub.endpoint}/someone/a-model`,
  });
  expect(text(fetched)).toMatch(/accept its conditions at http.*\/someone\/a-model, and set HF_TOKEN/);
});

test('a token without access is named as the reason, and never shown', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', 1, 401, { 'x-error-message': 'the token hf_secret is wrong' });
  const fetched = await rig.fetch({ token: 'hf_secret' });
  expect(problemOf(fetched)).toMatchObject({ kind: 'no-access', token: true, gated: false });
  expect(JSON.stringify(fetched) + text(fetched)).not.toContain('hf_secret');
});

test('a token that the server echoes does not appear in our messages', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', 1, 400, { 'x-error-message': 'you sent hf_secret, \x80' });
  const problem = problemOf(await rig.fetch({ token: 'hf_secret' }));
  expect(problem).toMatchObject({ kind: 'refused', status: 400, words: 'you sent ***,' });
});

test('a token with a character that no header can carry is refused without being shown', async () => {
  await using rig = await openRig();
  const fetched = await rig.fetch({ token: 'hf_secret\nx' });
  expect(problemOf(fetched)).toMatchObject({ kind: 'bad-setting', variable: 'HF_TOKEN' });
  expect(text(fetched)).not.toContain('hf_secret');
  expect(rig.hub.requests).toEqual([]);
});

test('a missing repository: the hub answers 401 without a token', async () => {
  await using rig = await openRig();
  const fetched = await rig.fetch({ repository: 'someone/no-model' });
  expect(problemOf(fetched)).toMatchObject({ kind: 'no-access', status: 401, token: false });
  expect(text(fetched)).toMatch(/^hf:someone\/no-model@\w+: does not exist, or is private/);
});

test('a missing repository: 404 with a token', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', 1, 404, {
    'x-error-code': 'RepoNotFound',
    'x-error-message': 'Repository not found',
  });
  expect(problemOf(await rig.fetch())).toEqual({
    kind: 'not-found',
    what: 'repository',
    words: 'Repository not found',
  });
});

test.each(['f'.repeat(40), 'no-branch'])('a missing revision: %s', async (revision) => {
  await using rig = await openRig();
  expect(problemOf(await rig.fetch({ revision }))).toMatchObject({ kind: 'not-found', what: 'revision' });
});

test('a file that is listed and missing', async () => {
  await using rig = await openRig();
  answer(rig, '/resolve/', 1, 404, { 'x-error-code': 'EntryNotFound' });
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'not-found', what: 'file' });
});

const noon = Date.UTC(2026, 0, 1, 12);
const later: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ['Retry-After in seconds', { 'retry-after': '7' }, 7],
  ['Retry-After as a date', { 'retry-after': new Date(noon + 9000).toUTCString() }, 9],
  ['Retry-After as a date that is past', { 'retry-after': new Date(noon - 9000).toUTCString() }, 0],
  ["the hub's own header", { ratelimit: '"api";r=0;t=55' }, 55],
  ['no word of when', {}, 1],
];
test.each(later)('429 with %s is waited for that long', async (_, headers, seconds) => {
  await using rig = await openRig();
  answer(rig, '/tree/', 1, 429, headers);
  valueOf(await rig.fetch({}, { now: () => noon }));
  expect(rig.waits).toEqual([seconds]);
});

test('429 in the middle of the files loses none of them', async () => {
  await using rig = await openRig();
  answer(rig, '/resolve/', 2, 429, { 'retry-after': '1' });
  valueOf(await rig.fetch());
  expect(rig.waits).toEqual([1, 1]);
});

test('a wait of an hour is left to the user', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', 1, 429, { 'retry-after': '3600' });
  const fetched = await rig.fetch();
  expect(problemOf(fetched)).toMatchObject({ kind: 'rate-limited', seconds: 3600 });
  expect(text(fetched)).toMatch(/try again in 1 h 00 min; with HF_TOKEN set, more requests are allowed/);
  expect(rig.waits).toEqual([]);
});

test.each([500, 502, 503, 504, 408])(
  'status %i is retried, each time after twice the time',
  async (status) => {
    await using rig = await openRig();
    answer(rig, `/resolve/${commit}/model.safetensors`, 3, status);
    valueOf(await rig.fetch());
    expect(rig.waits).toEqual([1, 2, 4]);
  },
);

test('status 501 is final: what a server does not support it will not support later', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', Infinity, 501);
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'refused', status: 501 });
  expect(rig.hub.requests.length).toBe(1);
});

test('a server that stays broken is given up after six attempts', async () => {
  await using rig = await openRig();
  answer(rig, '/tree/', Infinity, 503);
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'refused', status: 503 });
  expect(rig.hub.requests.length).toBe(6);
});

test('a truncated answer of the API is requested again', async () => {
  await using rig = await openRig();
  let left = 1;
  rig.hub.tricks.push(({ path }, response) => {
    if (!path.includes('/tree/') || left-- <= 0) return false;
    response.writeHead(200, { 'content-length': 1000 }).write('[', () => response.destroy());
    return true;
  });
  valueOf(await rig.fetch());
});

/** A network on which every request fails as fetch fails: the reason is the cause. */
const broken = (code: string) => async () =>
  ({
    ok: true,
    value: () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })),
  }) as const;

test('an unreachable hub is named, with the reason', async () => {
  await using rig = await openRig();
  const fetched = await rig.fetch({ endpoint: 'https://hub.invalid' }, { connect: broken('ENOTFOUND') });
  expect(problemOf(fetched)).toEqual({
    kind: 'unreachable',
    host: 'hub.invalid',
    reason: 'ENOTFOUND',
    certificate: false,
  });
  expect(text(fetched)).toMatch(/check the network and HTTPS_PROXY/);
});

test('an untrusted certificate is not retried', async () => {
  await using rig = await openRig();
  const fetched = await rig.fetch(
    { endpoint: 'https://hub.invalid' },
    { connect: broken('SELF_SIGNED_CERT_IN_CHAIN') },
  );
  expect(text(fetched)).toMatch(/NODE_EXTRA_CA_CERTS/);
  expect(rig.waits).toEqual([]);
});

test.each(['', 'ftp://hub', 'huggingface.co', 'https://'])('the endpoint %j is refused', async (endpoint) => {
  await using rig = await openRig();
  expect(problemOf(await rig.fetch({ endpoint }))).toMatchObject({
    kind: 'bad-setting',
    variable: 'HF_ENDPOINT',
  });
});
