import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokensOf, wordDiff } from '../../src/ui/page/word-diff.ts';

const marked = (pieces: readonly { readonly text: string; readonly isSame: boolean }[] = []): string =>
  pieces.map(({ text, isSame }) => (isSame ? text : `[${text}]`)).join('');

describe('the difference between an answer and its reference', () => {
  test('by words, adjacent ones together', () => {
    const diff = wordDiff('Take two tablets nightly.', 'Take three drops nightly.');
    expect(marked(diff?.reference)).toBe('Take [two tablets] nightly.');
    expect(marked(diff?.answer)).toBe('Take [three drops] nightly.');
  });

  test('by characters in Chinese', () => {
    const diff = wordDiff('每天两次', '每天三次');
    expect(marked(diff?.reference)).toBe('每天[两]次');
    expect(marked(diff?.answer)).toBe('每天[三]次');
  });

  test('nothing is lost of either text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (reference, answer) => {
        const diff = wordDiff(reference, answer);
        expect(diff?.reference.map(({ text }) => text).join('')).toBe(reference);
        expect(diff?.answer.map(({ text }) => text).join('')).toBe(answer);
        expect(tokensOf(reference).join('')).toBe(reference);
      }),
    );
  });

  test('is not computed for texts of a megabyte', () => {
    expect(wordDiff('a '.repeat(500_000), 'b')).toBeUndefined();
  });
});
