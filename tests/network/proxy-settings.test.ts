import { expect, test } from 'vitest';
import { proxyFor } from '../../src/network/proxy-settings.ts';

const both = { http: 'http://plain', https: 'http://secure', except: '' };

test('the scheme of a URL selects its proxy; that of http serves https too', () => {
  expect(proxyFor(new URL('http://a.example'), both)).toBe('http://plain');
  expect(proxyFor(new URL('https://a.example'), both)).toBe('http://secure');
  expect(proxyFor(new URL('https://a.example'), { ...both, https: undefined })).toBe('http://plain');
  expect(proxyFor(new URL('http://a.example'), { ...both, http: undefined })).toBeUndefined();
});

test.each([
  ['a.example', true],
  ['A.EXAMPLE', true],
  ['b.example, a.example', true],
  ['example', true],
  ['.example', true],
  ['*.example', true],
  ['*', true],
  ['a.example:443', true],
  ['a.example:80', false],
  ['ample', false],
  ['sub.a.example', false],
])('NO_PROXY=%s: a.example is reached directly: %s', (except, isDirect) => {
  expect(proxyFor(new URL('https://a.example'), { ...both, except }) === undefined).toBe(isDirect);
});
