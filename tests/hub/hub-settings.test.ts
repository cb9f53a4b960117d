import { expect, test } from 'vitest';
import { hubSettings } from '../../src/runner/hub/hub-settings.ts';
import { openRig, problemOf } from './rig.ts';

test("without settings: huggingface.co and the user's cache folder", () => {
  expect(hubSettings({}, '/home/me')).toEqual({
    cacheFolder: '/home/me/.cache/medical-qa-pipeline/hub',
    endpoint: 'https://huggingface.co',
    token: undefined,
    offline: false,
    proxy: undefined,
    xet: true,
    leastSpeed: 1000,
    totalTime: 86400,
  });
});

test('HF_HOME, then XDG_CACHE_HOME, set the folder of models', () => {
  expect(hubSettings({ XDG_CACHE_HOME: '/var/cache' }, '/home/me').cacheFolder).toBe(
    '/var/cache/medical-qa-pipeline/hub',
  );
  expect(hubSettings({ XDG_CACHE_HOME: '/var/cache', HF_HOME: '/data/hf' }, '/home/me').cacheFolder).toBe(
    '/data/hf/medical-qa-pipeline/hub',
  );
});

test('HF_TOKEN takes precedence over its old name; an empty one is ignored', () => {
  expect(hubSettings({ HF_TOKEN: 'hf_a\n', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, '/').token).toBe('hf_a');
  expect(hubSettings({ HF_TOKEN: ' ', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, '/').token).toBe('hf_b');
  expect(hubSettings({ HF_TOKEN: '' }, '/').token).toBeUndefined();
});

test.each([
  ['1', true],
  ['ON', true],
  ['true', true],
  ['YES', true],
  ['0', false],
  ['', false],
  ['false', false],
])('HF_HUB_OFFLINE=%s', (text, offline) => {
  expect(hubSettings({ HF_HUB_OFFLINE: text }, '/').offline).toBe(offline);
});

test('the URL of a mirror may end with a slash', () => {
  expect(hubSettings({ HF_ENDPOINT: 'https://hub.example/hf/' }, '/').endpoint).toBe(
    'https://hub.example/hf',
  );
});

test('proxies are read as by curl', () => {
  expect(
    hubSettings(
      { https_proxy: 'proxy.example:3128', HTTPS_PROXY: 'http://other', NO_PROXY: 'localhost' },
      '/',
    ).proxy,
  ).toEqual({ http: undefined, https: 'http://proxy.example:3128', except: 'localhost' });
  expect(hubSettings({ ALL_PROXY: 'socks5://proxy.example' }, '/').proxy).toEqual({
    http: 'socks5://proxy.example',
    https: 'socks5://proxy.example',
    except: '',
  });
});

test('minimum speed and total time are whole numbers; others are reported before any request', async () => {
  const set = (text: string) =>
    hubSettings({ PIPELINE_HUB_LEAST_SPEED: text, PIPELINE_HUB_TOTAL_TIME: text }, '/');
  expect(set('0')).toMatchObject({ leastSpeed: 0, totalTime: 0 });
  expect(set('5000')).toMatchObject({ leastSpeed: 5000, totalTime: 5000 });
  for (const text of ['-1', '1e3', 'fast', '1.5']) {
    await using rig = await openRig();
    const { leastSpeed, totalTime } = set(text);
    expect(problemOf(await rig.fetch({ leastSpeed }))).toMatchObject({
      kind: 'bad-setting',
      variable: 'PIPELINE_HUB_LEAST_SPEED',
    });
    expect(problemOf(await rig.fetch({ totalTime }))).toMatchObject({
      kind: 'bad-setting',
      variable: 'PIPELINE_HUB_TOTAL_TIME',
    });
    expect(rig.hub.requests).toEqual([]);
  }
});
