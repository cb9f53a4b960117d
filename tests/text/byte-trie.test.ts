import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildByteTrie, idOf, longestMatch, mayBegin } from '../../src/ml/text/sentencepiece/byte-trie.ts';

/** Few different bytes, low and high ones: strings begin alike and often are equal. */
const strings = fc
  .uint8Array({ max: 255, maxLength: 5 })
  .map((bytes) => bytes.map((byte) => [0, 1, 0x20, 0x41, 0x96, 0xe2, 0xff][byte % 7] ?? 0));

function trieOf(keys: readonly Uint8Array[]): NonNullable<ReturnType<typeof buildByteTrie>> {
  const built = buildByteTrie(keys.map((key, id) => [key, id]));
  if (built === undefined) throw new Error('too many nodes');
  return built;
}

const name = (bytes: Uint8Array): string => bytes.join();

test('every string has the id of the first equal one, and no other string has one', () => {
  fc.assert(
    fc.property(
      fc.array(strings, { maxLength: 60 }),
      fc.array(strings, { maxLength: 20 }),
      (keys, others) => {
        const { trie } = trieOf(keys);
        const first = new Map(keys.map((key, id) => [name(key), id] as const).reverse());
        for (const key of [...keys, ...others]) expect(idOf(trie, key)).toBe(first.get(name(key)) ?? -1);
      },
    ),
  );
});

test('the first repeated string is reported, by both ids', () => {
  fc.assert(
    fc.property(fc.array(strings, { maxLength: 40 }), (keys) => {
      const names = keys.map(name);
      const second = names.findIndex((text, id) => names.indexOf(text) < id);
      expect(trieOf(keys).duplicate).toEqual(
        second === -1 ? undefined : { first: names.indexOf(names[second] ?? ''), second },
      );
    }),
  );
});

test('the longest string at a position, and none where none may begin', () => {
  fc.assert(
    fc.property(fc.array(strings, { maxLength: 30 }), fc.uint8Array({ maxLength: 8 }), (keys, text) => {
      const { trie } = trieOf(keys);
      for (let at = 0; at < text.length; at += 1) {
        const here = keys.filter(
          (key) => key.length > 0 && name(text.subarray(at, at + key.length)) === name(key),
        );
        const longest = Math.max(0, ...here.map(({ length }) => length));
        expect(longestMatch(trie, text, at)).toBe(longest);
        for (let end = at + 1; end <= text.length; end += 1)
          if (!mayBegin(trie, text, at, end)) expect(longest).toBe(0);
      }
    }),
  );
});

test('10,000 strings of many bytes are all found', () => {
  const keys = Array.from({ length: 10_000 }, (_, index) =>
    Buffer.from(`${index.toString(36)}词${index % 97}é`),
  );
  const { trie } = trieOf(keys);
  expect(keys.every((key, id) => idOf(trie, key) === id)).toBe(true);
  // A node has a cell of 16 bytes; few are left over.
  const nodes = new Set(
    keys.flatMap((key) => Array.from(key, (_, end) => key.subarray(0, end + 1).toString('latin1'))),
  );
  expect(trie.cells.length / 4).toBeLessThan(nodes.size * 1.1 + 1000);
});
