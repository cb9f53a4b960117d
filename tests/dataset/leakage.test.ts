import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLeakage } from '../../src/ml/dataset/leakage.ts';

test('the same text is an exact leak, another case or punctuation a near one, another question none', () => {
  const train = [
    'What helps against a cold in winter?',
    'Is rest good for a sprained ankle?',
    'What helps against a cold in winter?',
  ];
  const asked = [
    'Is rest good for a sprained ankle?',
    'what helps against a cold, in winter',
    'What helps against a cough in summer?',
    'What helps against a cold in winter?',
  ];
  expect(findLeakage(train, asked)).toEqual({
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

test('texts without words, and no texts at all, leak nothing but themselves', () => {
  expect(findLeakage([], ['a'])).toEqual({ exact: [], near: [] });
  expect(findLeakage(['a'], [])).toEqual({ exact: [], near: [] });
  expect(findLeakage(['', '!'], ['?', ''])).toEqual({ exact: [{ test: 1, train: 0 }], near: [] });
});

test('what is found is what comparing every pair finds', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 9 })
    .map((words) => words.join(' '));
  const texts = fc.array(text, { maxLength: 12 });
  fc.assert(
    fc.property(texts, texts, fc.constantFrom(0.3, 0.5, 0.8, 1), (train, asked, threshold) => {
      const { exact, near } = findLeakage(train, asked, threshold);
      expect(exact).toEqual(
        asked.flatMap((one, index) =>
          train.includes(one) ? [{ test: index, train: train.indexOf(one) }] : [],
        ),
      );
      const expected = asked.flatMap((one, index) => {
        const found = train.includes(one)
          ? -1
          : train.findIndex((other) => similarity(one, other) >= threshold - 1e-9);
        return found === -1 ? [] : [{ test: index, train: found }];
      });
      expect(near).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

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
