import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { duplicatesOf, leaksOf } from '../../src/ml/dataset/leakage.ts';
import { firstSimilar, nearDuplicate } from '../../src/ml/dataset/similar-texts.ts';
import { wordsOf } from '../../src/ml/text/words.ts';

/** Texts as rows without answers: what is the same, and what is so but for case, signs or a few words. */
function findLeakage(train: readonly string[], queries: readonly string[]) {
  const rowOf = (human: string) => ({ human, assistant: '' });
  const leaks = leaksOf(queries.map(rowOf), train.map(rowOf));
  const places = (isExact: boolean) =>
    leaks.flatMap(({ kind, row, of }) => ((kind === 'same') === isExact ? [{ test: row, train: of }] : []));
  return { exact: places(true), near: places(false) };
}

test('equal texts are exact leaks; other case or punctuation a near leak; another question none', () => {
  const train = [
    'What helps against a cold in winter?',
    'Is rest good for a sprained ankle?',
    'What helps against a cold in winter?',
  ];
  const queries = [
    'Is rest good for a sprained ankle?',
    'what helps against a cold, in winter',
    'What helps against a cough in summer?',
    'What helps against a cold in winter?',
  ];
  expect(findLeakage(train, queries)).toEqual({
    exact: [
      { test: 0, train: 1 },
      { test: 3, train: 0 },
    ],
    near: [{ test: 1, train: 0 }],
  });
});

test('Chinese is compared by characters', () => {
  const train = ['最近三天一直头痛发烧，晚上睡不着觉，请问应该吃什么药？'];
  expect(
    findLeakage(train, [
      '最近三天一直头痛发烧 晚上睡不着觉 请问应该吃什么药呢',
      '最近五天一直咳嗽，请问应该怎么办？',
    ]).near,
  ).toEqual([{ test: 0, train: 0 }]);
});

test('texts without words, and empty lists, leak nothing but themselves', () => {
  expect(findLeakage([], ['a'])).toEqual({ exact: [], near: [] });
  expect(findLeakage(['a'], [])).toEqual({ exact: [], near: [] });
  expect(findLeakage(['', '!'], ['?', ''])).toEqual({ exact: [{ test: 1, train: 0 }], near: [] });
});

test('the result equals that of comparing every pair', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 9 })
    .map((words) => words.join(' '));
  const texts = fc.array(text, { maxLength: 12 });
  fc.assert(
    fc.property(texts, texts, fc.constantFrom(0.3, 0.5, 0.8, 1), (train, queries, share) => {
      const found = firstSimilar(train.map(wordsOf), queries.map(wordsOf), {
        ...nearDuplicate,
        shingles: share,
      });
      expect(found).toEqual(
        queries.map((one) => train.findIndex((other) => similarity(one, other) >= share - 1e-9)),
      );
    }),
    { numRuns: 500 },
  );
});

test('texts with mostly aligned words are found, as when comparing every pair', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  const text = fc.array(word, { minLength: 1, maxLength: 40 });
  const edit = fc.tuple(fc.nat(40), fc.constantFrom('change', 'drop', 'add'), word);
  const edited = fc.tuple(text, fc.array(edit, { maxLength: 5 })).map(([words, edits]) => ({
    words,
    changed: edits.reduce<readonly string[]>(
      (now, [place, kind, other]) =>
        now.toSpliced(place % (now.length + 1), kind === 'add' ? 0 : 1, ...(kind === 'drop' ? [] : [other])),
      words,
    ),
  }));
  fc.assert(
    fc.property(fc.array(edited, { maxLength: 4 }), fc.constantFrom(0.8, 0.9, 0.95, 1), (pairs, aligned) => {
      const [train, queries] = [pairs.map(({ words }) => words), pairs.map(({ changed }) => changed)];
      const isSimilar = (one: readonly string[], other: readonly string[]): boolean =>
        alignment(one, other) >= aligned - 1e-9 || similarity(one.join(' '), other.join(' ')) >= 1;
      const expected = queries.map((one) => train.findIndex((other) => isSimilar(one, other)));
      expect(firstSimilar(train, queries, { shingles: 1, aligned })).toEqual(expected);
      expect(firstSimilar(train, train, { shingles: 1, aligned }, { earlier: true })).toEqual(
        train.map((one, row) => train.slice(0, row).findIndex((other) => isSimilar(one, other))),
      );
    }),
    { numRuns: 500 },
  );
});

describe('kinds of leaks', () => {
  const twenty = Array.from({ length: 20 }, (_, index) => `word${index}`);
  const row = (human: string, assistant = 'Rest and drink.') => ({ human, assistant });
  const kind = (
    queries: ReturnType<typeof row>,
    train: ReturnType<typeof row>,
    fold?: (text: string) => string,
  ) => leaksOf([queries], [train], fold)[0]?.kind;

  test.each([
    ['the same row', row('Is tea good?'), row('Is tea good?'), 'same'],
    ['another case and other signs', row('is TEA good'), row('Is tea good?!'), 'normalised'],
    ['full width', row('每天３次，Ｔｅａ？'), row('每天3次,Tea?'), 'normalised'],
    ['composed and decomposed letters', row('un café'), row('un cafe\u0301'), 'normalised'],
    ['another answer', row('Is tea good?', 'Yes.'), row('is tea good', 'No, never.'), 'question'],
    [
      'one changed word of twenty',
      row(twenty.join(' '), 'Yes.'),
      row(twenty.with(9, 'x').join(' '), 'Yes.'),
      'near',
    ],
    [
      'one changed word at the end',
      row(twenty.join(' '), ''),
      row(twenty.with(19, 'x').join(' '), ''),
      'near',
    ],
    [
      'one changed word of the question, another answer',
      row(twenty.join(' '), 'Yes.'),
      row(twenty.with(9, 'x').join(' '), 'No, it is not, not at all and never was it.'),
      'near question',
    ],
    ['one added word', row(twenty.join(' ')), row(twenty.toSpliced(4, 0, 'x').join(' ')), 'near'],
    [
      'one changed character of ten',
      row('最近三天一直头痛发烧吗', ''),
      row('最近五天一直头痛发烧吗', ''),
      'near',
    ],
    ['kana', row('かぜにはなにがいいですか', ''), row('かぜにはなにがいいですよ', ''), 'near'],
    [
      'three changed words of twenty',
      row(twenty.join(' '), ''),
      row(twenty.with(3, 'x').with(9, 'y').with(15, 'z').join(' '), ''),
      undefined,
    ],
    ['another short question', row('What is a cold?', 'a'), row('What is a fever?', 'b'), undefined],
    ['signs alone', row('?!', '.'), row('!?', '.'), undefined],
  ])('%s', (_, queries, train, expected) => {
    expect(kind(queries, train)).toBe(expected);
  });

  test('texts are compared after folding variants, where a fold is given', () => {
    const fold = (text: string) => text.replaceAll('頭', '头');
    expect(kind(row('頭痛怎麼辦', ''), row('头痛怎麼辦', ''))).toBeUndefined();
    expect(kind(row('頭痛怎麼辦', ''), row('头痛怎麼辦', ''), fold)).toBe('normalised');
  });

  test('a row has the closest kind and the first row of it; duplicates are earlier rows', () => {
    const rows = [row('a b', '1'), row('A b', '1'), row('a b', '2'), row('c', '3'), row('a b', '2')];
    expect(leaksOf([row('a b', '2')], rows)).toEqual([{ kind: 'same', row: 0, of: 2 }]);
    expect(duplicatesOf(rows)).toEqual([
      { kind: 'normalised', row: 1, of: 0 },
      { kind: 'question', row: 2, of: 0 },
      { kind: 'same', row: 4, of: 2 },
    ]);
  });
});

/** The share of the words of the longer text in the longest common subsequence. */
function alignment(left: readonly string[], right: readonly string[]): number {
  const common = new Int32Array(right.length + 1);
  for (const one of left) {
    let before = 0; // of the word above and to the left
    for (let index = 0; index < right.length; index += 1) {
      const above = common[index + 1] ?? 0;
      common[index + 1] = one === right[index] ? before + 1 : Math.max(above, common[index] ?? 0);
      before = above;
    }
  }
  return (common.at(-1) ?? 0) / Math.max(1, left.length, right.length);
}

function similarity(left: string, right: string): number {
  const [a, b] = [shingles(left), shingles(right)];
  const common = [...a].filter((shingle) => b.has(shingle)).length;
  return common === 0 ? 0 : common / (a.size + b.size - common);
}

function shingles(text: string): ReadonlySet<string> {
  const words = text.split(' ').filter((word) => word !== '');
  const runs = words
    .map((_, index) => words.slice(index, index + 3))
    .filter((run, index) => index === 0 || run.length === 3);
  return new Set(runs.map((run) => run.join(' ')));
}
