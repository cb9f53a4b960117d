import { expect, test } from 'vitest';
import { hubFaultText } from '../../src/runner/hub/hub-fault.ts';
import { openLoopbackProxy } from './loopback-proxy.ts';
import { openRig, problemOf, valueOf } from './rig.ts';

test("all requests go through the proxy, which alone resolves the hub's name", async () => {
  await using rig = await openRig();
  await using proxy = await openLoopbackProxy(rig.hub.endpoint);
  valueOf(
    await rig.fetch({
      endpoint: 'http://hub.invalid',
      proxy: { http: proxy.url.replace('//', '//user:pass%21@'), https: undefined, except: '' },
    }),
  );
  expect(new Set(proxy.asked.map(({ target }) => target.split(':')[0]))).toEqual(
    new Set(['hub.invalid', '127.0.0.1']),
  );
  expect(proxy.asked[0]?.authorization).toBe(`Basic ${Buffer.from('user:pass!').toString('base64')}`);
});

test('hosts in NO_PROXY are reached without it', async () => {
  await using rig = await openRig();
  await using proxy = await openLoopbackProxy(rig.hub.endpoint);
  valueOf(await rig.fetch({ proxy: { http: proxy.url, https: proxy.url, except: 'localhost, 127.0.0.1' } }));
  expect(proxy.asked).toEqual([]);
});

test('a missing proxy makes the hub unreachable', async () => {
  await using rig = await openRig();
  const proxy = await openLoopbackProxy(rig.hub.endpoint);
  await proxy[Symbol.asyncDispose]();
  expect(
    problemOf(await rig.fetch({ proxy: { http: proxy.url, https: undefined, except: '' } })),
  ).toMatchObject({ kind: 'unreachable', reason: 'ECONNREFUSED' });
});

test.each(['http://user:secret@', 'gopher://user:secret@proxy', 'http://[user:secret'])(
  'the proxy %j is refused without showing its password',
  async (url) => {
    await using rig = await openRig();
    const fetched = await rig.fetch({ proxy: { http: url, https: undefined, except: '' } });
    expect(problemOf(fetched)).toMatchObject({ kind: 'bad-setting', variable: 'HTTPS_PROXY' });
    expect(fetched.ok ? '' : hubFaultText(fetched.error)).not.toContain('secret');
    expect(rig.hub.requests).toEqual([]);
  },
);
