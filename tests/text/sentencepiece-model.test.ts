import { describe, expect, test } from 'vitest';
import { encodeIds, readSentencePiece } from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { goldenModel } from './golden-tables.ts';
import { type ModelFields, modelBytes } from './model-bytes.ts';

const errorOf = (fields: ModelFields): string => messageOf(readSentencePiece(modelBytes(fields)));

describe('an unusable model is refused with the reason', () => {
  test.each([
    [2, 'bpe'],
    [3, 'word'],
    [4, 'char'],
  ])('type %i: by the name of the type, %s', (modelType, name) => {
    expect(
      errorOf({
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        modelType,
      }),
    ).toContain(`of type ${name}: expected a unigram one`);
  });

  test.each<[string, ModelFields, string]>([
    ['no unknown piece', { pieces: [['a', -1, 1]] }, 'it has no unknown piece'],
    [
      'two unknown pieces',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['b', 0, 2],
          ['a', -1, 1],
        ],
      },
      'piece 0 ("<unk>") and piece 1 ("b") are both the unknown one',
    ],
    [
      'an empty piece',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['', -1, 1],
        ],
      },
      'piece 1 ("") is empty',
    ],
    [
      'a piece with NUL',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a\0', -1, 1],
        ],
      },
      'piece 1 ("a\\u0000")',
    ],
    [
      'a piece twice',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
          ['a', -2, 1],
        ],
      },
      'piece 1 ("a") occurs twice, again as piece 2',
    ],
    [
      'a piece twice, once unused',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
          ['a', -2, 5],
        ],
      },
      'occurs twice',
    ],
    [
      'a control piece twice',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 3],
          ['a', -2, 3],
          ['b', 0, 1],
        ],
      },
      'piece 1 ("a") occurs twice',
    ],
    [
      'a score that is no number',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', Number.NaN, 1],
        ],
      },
      'the score of piece 1 ("a") is NaN',
    ],
    [
      'byte fallback without byte pieces',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        byteFallback: true,
      },
      'it has byte fallback, but no piece <0x00>',
    ],
    [
      'a byte piece without byte fallback',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['<0x41>', 0, 6],
          ['a', -1, 1],
        ],
      },
      'is a byte, but the model has no byte fallback',
    ],
    ['nothing but control pieces', { pieces: [['<unk>', 0, 2]] }, 'no piece represents text'],
    [
      'a character map of two bytes',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        charMap: Buffer.of(1, 2),
      },
      'its character map is 2 bytes long',
    ],
    [
      'a character map whose trie is cut off',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        charMap: Buffer.of(200, 0, 0, 0, 1),
      },
      'is 200 bytes long, and it has 5 in all',
    ],
    [
      'a rule that points outside',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        charMap: Buffer.of(4, 0, 0, 0, 99, 0, 0, 0x80, 65, 0),
      },
      'points to byte 99 of 2 bytes',
    ],
    [
      'a rule that would let texts explode',
      {
        pieces: [
          ['<unk>', 0, 2],
          ['a', -1, 1],
        ],
        charMap: Buffer.concat([Buffer.of(4, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(5000, 65)]),
      },
      'longer than 1024 bytes',
    ],
  ])('%s', (_, fields, message) => {
    expect(errorOf(fields)).toContain(message);
  });

  test('a piece may share its text with a control piece, which then has the name', () => {
    expect(
      readSentencePiece(
        modelBytes({
          pieces: [
            ['<unk>', 0, 2],
            ['a', 0, 3],
            ['a', -1, 1],
          ],
        }),
      ).ok,
    ).toBe(true);
  });

  test('bytes that are not a model', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('{"version": "1.0"}'),
      Buffer.from('PK\x03\x04'),
      Buffer.alloc(1000, 0xff),
    ]) {
      expect(messageOf(readSentencePiece(bytes))).toContain('not a sentencepiece model, or a damaged one');
    }
  });

  test.each(['bytes', 'suffix'])('%s.model, truncated anywhere before its last settings', (name) => {
    const whole = goldenModel(name);
    const settings = whole.lastIndexOf('<unk>') + 5;
    for (let length = 0; length < settings; length += 1)
      expect(readSentencePiece(whole.subarray(0, length)).ok, `${length} bytes`).toBe(false);
  });
});

describe('paths', () => {
  test('the best total score wins, not the longest piece', () => {
    const pieces = model([
      ['a', -1, 1],
      ['b', -1, 1],
      ['ab', -2.5, 1],
      ['abc', -3, 1],
      ['c', -0.5, 1],
    ]);
    expect(encodeIds(pieces, 'ab')).toEqual([1, 2]);
    expect(encodeIds(pieces, 'abc')).toEqual([1, 2, 5]);
  });

  test('of equal paths the one whose last piece starts first wins', () => {
    expect(
      encodeIds(
        model([
          ['a', -1, 1],
          ['aa', -2, 1],
        ]),
        'aaa',
      ),
    ).toEqual([1, 2]);
  });

  test('scores are rounded to float32 at every step, where 1.9 is nothing beside 2^25 and 2.1 is 4', () => {
    expect(
      encodeIds(
        model([
          ['x', -(2 ** 25), 1],
          ['a', -1.9, 1],
          ['b', -1.9, 1],
          ['ab', -2.1, 1],
        ]),
        'xab',
      ),
    ).toEqual([1, 2, 3]);
    expect(
      encodeIds(
        model([
          ['x', -1, 1],
          ['a', -1.9, 1],
          ['b', -1.9, 1],
          ['ab', -2.1, 1],
        ]),
        'xab',
      ),
    ).toEqual([1, 4]);
  });

  test('user-defined pieces win over likelier ones, and keep their text', () => {
    const pieces = model([
      ['a', -1, 1],
      ['b', -1, 1],
      ['ab', -0.01, 1],
      ['abb', -1000, 4],
    ]);
    expect(encodeIds(pieces, 'abab')).toEqual([3, 3]);
    expect(encodeIds(pieces, 'aabb')).toEqual([1, 4]);
  });

  test('an unused piece is never found', () => {
    expect(
      encodeIds(
        model([
          ['a', -1, 1],
          ['aa', 0, 5],
        ]),
        'aa',
      ),
    ).toEqual([1, 1]);
  });

  test('adjacent unknown characters are one unknown piece', () => {
    expect(encodeIds(model([['a', -1, 1]]), 'xyazw')).toEqual([0, 1, 0]);
  });
});

const model = (pieces: ModelFields['pieces']) =>
  valueOf(readSentencePiece(modelBytes({ pieces: [['<unk>', 0, 2], ...pieces], addDummyPrefix: false })));
