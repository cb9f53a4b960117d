import { describe, expect, test } from 'vitest';
import { admission, type RequestHead, type Keys } from '../../src/ui/server/admission.ts';

const keys: Keys = { token: 'the-token', session: 'the-session', cookie: 'pipeline-ui-8000' };
const cookie = 'pipeline-ui-8000=the-session';

const ask = (url: string, headers: RequestHead['headers'] = {}, method = 'GET') =>
  admission({ method, url, headers: { host: '127.0.0.1:8000', ...headers } }, keys);

const status = (admitted: ReturnType<typeof admission>) =>
  admitted.kind === 'refused' ? admitted.status : admitted.kind;

describe('admission of requests', () => {
  test('the token is exchanged for a cookie that no script or other site can use', () => {
    expect(ask('/graph?token=the-token&instance=train')).toEqual({
      kind: 'sign-in',
      location: '/graph?instance=train',
      setCookie: 'pipeline-ui-8000=the-session; HttpOnly; SameSite=Strict; Path=/',
    });
  });

  test('the cookie gives access to pages and answers', () => {
    const admitted = ask('/api/runs?limit=2', { cookie: `other=1; ${cookie}` });
    expect(admitted).toMatchObject({ kind: 'admitted', path: '/api/runs' });
    expect(admitted.kind === 'admitted' && admitted.query.get('limit')).toBe('2');
  });

  test.each([
    ['no cookie', '/', {}],
    ['a wrong token', '/?token=wrong', {}],
    ['an empty token', '/?token=', { cookie }],
    ['the cookie of a server on another port', '/', { cookie: 'pipeline-ui-8001=the-session' }],
    ['a wrong session', '/', { cookie: 'pipeline-ui-8000=the-sessiom' }],
  ])('refuses %s', (_, url, headers) => {
    expect(status(ask(url, headers))).toBe(401);
  });

  test.each([
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    '127.0.0.1.evil.example:8000',
    '127.0.0.1:8000@evil.example',
    '0.0.0.0:8000',
    '',
  ])('refuses the host %s, even with the cookie: another name may resolve to this address', (host) => {
    expect(status(ask('/api/runs', { host, cookie }))).toBe(403);
  });

  test.each(['localhost:8000', '127.0.0.1:9999', 'LOCALHOST'])(
    'accepts the host %s, with any port: SSH may forward another',
    (host) => {
      expect(status(ask('/api/runs', { host, cookie }))).toBe('admitted');
    },
  );

  test('refuses a POST of anything but a question, and one without an origin', () => {
    const origin = 'http://127.0.0.1:8000';
    expect(status(ask('/ask', { cookie, origin }, 'POST'))).toBe('admitted');
    expect(status(ask('/ask', { cookie }, 'POST'))).toBe(403);
    expect(status(ask('/ask?token=the-token', { origin }, 'POST'))).toBe(405);
    expect(status(ask('/api/runs', { cookie, origin }, 'POST'))).toBe(405);
    expect(status(ask('/ask', { cookie, origin }, 'PUT'))).toBe(405);
  });

  test('refuses requests of pages of other origins', () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:9999', 'https://127.0.0.1:8000'])
      expect(status(ask('/api/runs', { cookie, origin }))).toBe(403);
    for (const site of ['cross-site', 'same-site'])
      expect(status(ask('/api/runs', { cookie, 'sec-fetch-site': site }))).toBe(403);
    expect(
      status(ask('/api/runs', { cookie, origin: 'http://127.0.0.1:8000', 'sec-fetch-site': 'same-origin' })),
    ).toBe('admitted');
  });

  test('answers only GET', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
      expect(status(ask('/', { cookie }, method))).toBe(405);
  });

  test('never redirects elsewhere, whatever the address contains', () => {
    for (const url of [
      '//evil.example/?token=the-token',
      'http://evil.example/?token=the-token',
      '/\\evil.example',
    ])
      expect(ask(url)).not.toMatchObject({ location: expect.stringMatching(/^(\/\/|http|\/\\)/) });
    expect(ask('/..//evil.example/?token=the-token')).toMatchObject({ location: '/evil.example/' });
  });
});
