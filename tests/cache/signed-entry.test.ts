import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/files/canonical-json.ts';
import { digestOf } from '../../src/files/digest.ts';
import { keyOf } from '../../src/runner/manifest/key-of.ts';
import type { Manifest } from '../../src/runner/manifest/manifest.ts';
import {
  readEntry,
  type SharedEntry,
  signEntry,
  signerOf,
  type SigningKey,
} from '../../src/runner/cache/remote/signed-entry.ts';

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = signerOf(privateKey);
  if (signer === undefined) throw new Error('no signer');
  return { signer, privateKey };
}

const manifest: Manifest = {
  format: '1',
  program: { kind: 'command', words: ['true'], executable: digestOf('x'), code: {} },
  params: { rate: 0.1, 'ünï "quoted"': [1, null, true] },
  deps: {},
  outs: { o: 'o' },
  env: {},
  platform: { os: 'linux' },
};
const key = keyOf(manifest);
const entry: SharedEntry = {
  project: 'p',
  key,
  manifest,
  outs: { o: { form: 'file', digest: digestOf('out'), withheld: false } },
  objects: new Map([[digestOf('out'), 3]]),
  run: '20260101-000000-abcd',
  seconds: 1.5,
  at: 1,
  host: 'host-1',
};

test('an entry reads back as it was signed', () => {
  const signing = newKey();
  const text = signEntry(entry, signing);
  expect(readEntry(text, { project: 'p', key, signer: signing.signer })).toEqual({ ok: true, value: entry });
  expect(canonicalJson(JSON.parse(text))).toBe(text);
});

test('another key, another project and another signer are distinguished', () => {
  const signing = newKey();
  const text = signEntry(entry, signing);
  const asked = { project: 'p', key, signer: signing.signer };
  const otherKey = keyOf({ ...manifest, format: '2' });
  expect(readEntry(text, { ...asked, key: otherKey })).toEqual({ ok: false, error: 'another-key' });
  expect(readEntry(text, { ...asked, project: 'q' })).toEqual({ ok: false, error: 'another-project' });
  expect(readEntry(text, { ...asked, signer: newKey().signer })).toEqual({
    ok: false,
    error: 'bad-signature',
  });
});

test('a text that differs in one character is not a valid entry', () => {
  const signing = newKey();
  const text = signEntry(entry, signing);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (index, character) => {
      const other = text.slice(0, index) + character + text.slice(index + 1);
      fc.pre(other !== text);
      expect(readEntry(other, { project: 'p', key, signer: signing.signer }).ok).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['a host that would move a cursor', { host: '\u001b[2J' }],
  ['a moment that no calendar has', { at: 1e300 }],
  ['a run that is a path', { run: '../../x' }],
  ['a size below nothing', { objects: new Map([[digestOf('out'), -1]]) }],
])('%s is malformed, even with a valid signature', (_, change) => {
  const signing = newKey();
  const text = signEntry({ ...entry, ...change }, signing);
  expect(readEntry(text, { project: 'p', key, signer: signing.signer })).toEqual({
    ok: false,
    error: 'malformed',
  });
});

test('the text of a value does not depend on the order of its names', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      const turned = Object.fromEntries(Object.entries(plain).reverse());
      expect(canonicalJson(turned as never)).toBe(canonicalJson(plain));
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
    }),
  );
});
