import { expect, test } from 'vitest';
import { slotAccuracy } from '../../src/ml/metrics/slot-accuracy.ts';

test('each slot counts the rows that have it, and those whose answer names its value', () => {
  const rows = [
    { slots: { drug: 'Ibuprofen', duration: 'three days' } },
    { slots: { drug: 'zinc' } },
    {},
    { slots: { drug: 'rest' } },
  ];
  const answers = ['Take ibuprofen for three\n days.', 'Take iron.', 'Zinc.', 'Of interest.'];
  expect(slotAccuracy(answers, rows)).toEqual({ drug: 1 / 3, duration: 1 });
});

test('a value is named by whole words; each Chinese character is one', () => {
  expect(named('5 days', 'for 15 days')).toBe(0);
  expect(named('5 days', 'for 5 days, no more')).toBe(1);
  expect(named('头痛', '您的头痛会好')).toBe(1);
  expect(named('头痛', '痛头')).toBe(0);
  expect(named('维生素C', '服用维生素c。')).toBe(1);
  expect(named('', '')).toBe(0);
  expect(named('+', '+')).toBe(0);
  expect(named('a', '')).toBe(0);
});

test('a row without an answer is one that names nothing', () => {
  expect(slotAccuracy([], [{ slots: { drug: 'zinc' } }])).toEqual({ drug: 0 });
});

const named = (value: string, answer: string): number | undefined =>
  slotAccuracy([answer], [{ slots: { value } }])['value'];
