import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotAccuracy, slotCounts, slotOutcomes } from '../../src/ml/metrics/slot-accuracy.ts';

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

test('a value must be named by whole words; each Chinese character is one', () => {
  expect(named('5 days', 'for 15 days')).toBe(0);
  expect(named('5 days', 'for 5 days, no more')).toBe(1);
  expect(named('头痛', '您的头痛会好')).toBe(1);
  expect(named('头痛', '痛头')).toBe(0);
  expect(named('维生素C', '服用维生素c。')).toBe(1);
  expect(named('', '')).toBe(0);
  expect(named('+', '+')).toBe(0);
  expect(named('a', '')).toBe(0);
});

test('a row without an answer names nothing', () => {
  expect(slotAccuracy([], [{ slots: { drug: 'zinc' } }])).toEqual({ drug: 0 });
});

const named = (value: string, answer: string): number | undefined =>
  slotAccuracy([answer], [{ slots: { value } }])['value'];

describe('a value inside of something else is not named', () => {
  test.each([
    ['3 mg', 'take 0.3 mg'],
    ['3 mg', 'take .3mg'],
    ['3 mg', 'take 13 mg'],
    ['3 mg', 'take 3.5 mg'],
    ['3 mg', 'take 1,003 mg'],
    ['3 mg', 'take 1-3 mg'],
    ['3 mg', 'take 1 – 3 mg'],
    ['3 mg', 'take 1 to 3 mg'],
    ['3 mg', 'take 1/3 mg'],
    ['3 mg', 'take 3 mg/kg'],
    ['3 mg', 'take 3 mg per kg'],
    ['3 mg', 'take -3 mg'],
    ['3 m', 'walk 3 miles'],
    ['5', 'about 5 hundred'],
    ['12', 'vitamin b12'],
    ['three days', 'for twenty-three days'],
    ['three days', 'for twenty three days'],
    ['five days', 'for three to five days'],
    ['三天', '服用十三天'],
    ['三天', '服用三十三天'],
    ['三天', '服用两三天'],
    ['三天', '第三天复诊'],
    ['三天', '服用三天半'],
    ['五天', '服用三至五天'],
    ['五天', '服用三-五天'],
    ['一片', '每次三分之一片'],
    ['三毫克', '服用零点三毫克'],
    ['3毫克', '服用０．３毫克'],
    ['3 mg', 'take 1 mg to 3 mg'],
    ['3 mg', 'take 3 mg to 5 mg'],
    ['3 mg', 'take 3 mg - 5 mg'],
    ['3 mg', 'take 3 mg–5 mg'],
    ['3毫克', '服用3毫克至5毫克'],
    ['3 mg', 'take 10^3 mg'],
    ['3 mg', 'take 2 × 3 mg'],
    ['3 mg', 'take 2*3 mg'],
    ['3 mg', 'take 10 x 3 mg'],
    ['三天', '服用廿三天'],
    ['叁天', '服用拾叁天'],
    ['三天', '服用卅三天'],
    ['สามวัน', 'กินยาสิบสามวัน'],
    ['ห้าวัน', 'กินยายี่สิบห้าวัน'],
    ['trois jours', 'pendant vingt-trois jours'],
    ['3일', '13일 동안'],
    ['삼일', '십삼일 동안'],
    ['codamol', 'take co-codamol'],
    ['5 mg', 'take 2·5 mg'],
    ['5 mg', 'take 0. 5 mg'],
    ['5 mg', 'take 2 . 5 mg'],
    ['٣ mg', 'take ٠٫٣ mg'],
    ['五天', '服用三・五天'],
    ['3%', 'take 3 mg'],
    ['1%', 'take 1 tablet'],
    ['3', 'a cream of 3 %'],
    ['3 mg', 'take 1 — 3 mg'],
    ['3 mg', 'take 1 through 3 mg'],
    ['3 mg', 'take 3 mg…5 mg'],
    ['3 mg', 'take 10 ± 3 mg'],
    ['3 mg', 'take 10 +/- 3 mg'],
    ['3日', '2〜3日'],
    ['3天', '服用2、3天'],
    ['three days', 'nought point three days'],
    ['three days', 'three days and a half'],
    ['three days', 'every three days'],
    ['三天', '每三天一次'],
    ['3 mg', 'take 3 mg / kg'],
    ['3 mg', 'take 3 mg per day per kg'],
    ['3 mg', 'take 3 mg for each kilogram'],
    ['3 mg', 'take 3 mg daily per pound'],
    ['3 mg', 'take 3 mg/1 kg'],
    ['3 mg', 'take 3 mg/(kg·d)'],
    ['3 mg', 'take 3 mg·kg⁻¹'],
    ['3 mg', 'take 3 mg/m²'],
    ['3毫克', '服用3毫克/千克'],
    ['3毫克', '服用3毫克/次/公斤'],
    ['3毫克', '按每公斤体重服用3毫克'],
    ['3毫克', '每千克3毫克'],
    ['rest', 'of interest'],
    ['bed rest', 'stay in bed. Rest well'],
  ])('%s in %s', (value, answer) => {
    expect(named(value, answer)).toBe(0);
  });

  test.each([
    ['3 mg', 'take 3mg daily'],
    ['3 mg', 'Take ３ ｍｇ.'],
    ['3 mg', 'take 3.0 mg'],
    ['0.5 mg', 'take .50 mg'],
    ['1000 mg', 'take 1,000 mg'],
    ['3-5 days', 'for 3 – 5 days'],
    ['1/2 tablet', 'take ½ tablet'],
    ['bed rest', 'bed-rest'],
    ['three days', 'no more than three days'],
    ['三天', '服用三天，不要超过'],
    ['三天', '不超过三天'],
    ['两次', '每日两次'],
    ['สามวัน', 'กินยาสามวัน'],
    ['zinc', 'it helps—zinc above all'],
    ['3 mg', 'take 3 mg, or 5 drops'],
    ['3 mg', 'never exceed 3 mg'],
    ['3 mg', 'do not take more than 3 mg'],
    ['三天', '不得超过三天'],
    ['三天', '切勿超过三天'],
    ['0.5 mg', 'take 0·5 mg'],
    ['0.5 mg', 'take 0. 5 mg'],
    ['5 mg', 'one tablet. 5 mg are enough'],
    ['5 mg', 'see page 10. 5 mg are enough'],
    ['3 %', 'a cream of 3%'],
    ['3 mg', 'take 3 mg a day'],
    ['3 mg', 'take 3 mg/day'],
    ['3 mg', '5 drops of zinc + 3 mg of iron'],
    ['three days', 'rest three days and a night'],
    ['3毫克', '每片3毫克，每公斤体重一片'],
    ['3毫克', '每日3毫克'],
    ['3毫克', '每公斤10毫升水加锌3毫克'],
  ])('%s is named in %s', (value, answer) => {
    expect(named(value, answer)).toBe(1);
  });
});

describe('a negated value is not named', () => {
  test.each([
    ['ibuprofen', 'Do not take ibuprofen.'],
    ['ibuprofen', 'Don’t ever take ibuprofen.'],
    ['ibuprofen', 'Avoid any ibuprofen'],
    ['ibuprofen', 'an ibuprofen-free week'],
    ['ibuprofen', 'without ibuprofen'],
    ['布洛芬', '不要服用布洛芬'],
    ['布洛芬', '请勿使用布洛芬'],
    ['布洛芬', '禁用布洛芬'],
    ['布洛芬', '不推荐使用布洛芬'],
    ['布洛芬', '不建议服用布洛芬'],
    ['布洛芬', '没有必要吃布洛芬'],
    ['ibuprofen', 'Ibuprofen is not recommended.'],
    ['ibuprofen', 'ibuprofen tablets are generally not advised here'],
    ['ibuprofen', 'Ibuprofen isn’t suitable for you'],
    ['ibuprofen', 'ibuprofen and aspirin must not be taken'],
    ['ibuprofen', 'Ibuprofen should never be given to infants'],
    ['ibuprofen', 'ibuprofen is contraindicated'],
    ['ibuprofen', 'ibuprofen should be avoided'],
    ['3 mg', '3 mg is no longer recommended'],
    ['布洛芬', '布洛芬不推荐'],
    ['布洛芬', '布洛芬不建议使用'],
    ['布洛芬', '布洛芬应禁用'],
    ['布洛芬', '布洛芬应该避免'],
    ['布洛芬', '布洛芬不能用'],
    ['布洛芬', '布洛芬不宜服用'],
    ['ibuprofen', 'do not take aspirin, ibuprofen or naproxen'],
    ['ibuprofen', 'do not take aspirin, naproxen, or ibuprofen'],
    ['ibuprofen', 'avoid aspirin, ibuprofen and naproxen'],
    ['ibuprofen', 'Don´t take ibuprofen'],
    ['ibuprofen', 'Dont take ibuprofen'],
    ['ibuprofen', 'Ibuprofen, however, is not recommended'],
    ['ibuprofen', 'Ibuprofen (Advil, Motrin) is not at all recommended'],
    ['ibuprofen', 'Ibuprofen, aspirin and naproxen are not recommended'],
    ['ibuprofen', 'Ibuprofen use is discouraged'],
    ['ibuprofen', 'Ibuprofen: not recommended'],
    ['ibuprofen', 'Ibuprofen will not help'],
    ['ibuprofen', 'ibuprofen is best avoided'],
    ['ibuprofen', 'if pregnant do not take ibuprofen'],
    ['布洛芬', '不要服用阿司匹林、布洛芬等药物'],
    ['布洛芬', '不要服用对乙酰氨基酚缓释片、萘普生和布洛芬'],
    ['布洛芬', '布洛芬、阿司匹林不推荐'],
    ['布洛芬', '布洛芬和阿司匹林不推荐'],
    ['布洛芬', '布洛芬胶囊不建议服用'],
    ['布洛芬', '布洛芬绝对不能用'],
    ['布洛芬', '布洛芬千万不能再吃了'],
    ['布洛芬', '布洛芬不可以吃'],
    ['布洛芬', '布洛芬没有效果'],
    ['布洛芬', '布洛芬应避免使用'],
    ['布洛芬', '布洛芬不适合您'],
    ['布洛芬', '如无必要不要服用布洛芬'],
  ])('%s in %s', (value, answer) => {
    expect(slotOutcomes([answer], [{ slots: { value } }])).toEqual([{ value: 'negated' }]);
    expect(named(value, answer)).toBe(0);
  });

  test.each([
    ['ibuprofen', 'Do not worry, take ibuprofen.'],
    ['ibuprofen', 'Not only ibuprofen helps'],
    ['ibuprofen', 'ibuprofen should not be stopped'],
    ['ibuprofen', 'Ibuprofen is not only safe but cheap'],
    ['ibuprofen', 'ibuprofen should not exceed three doses'],
    ['ibuprofen', 'take ibuprofen, rest is not needed'],
    ['ibuprofen', 'take ibuprofen but aspirin is not recommended'],
    ['ibuprofen', 'ibuprofen may not be enough'],
    ['布洛芬', '布洛芬不宜过量'],
    ['布洛芬', '服用布洛芬停用阿司匹林'],
    ['布洛芬', '服用布洛芬不必担心'],
    ['布洛芬', '布洛芬不应停用'],
    ['布洛芬', '布洛芬不可停药'],
    ['布洛芬', '服用布洛芬，不要停药'],
    ['ibuprofen', 'not one of the others but ibuprofen'],
    ['ibuprofen', 'Do not take ibuprofen at night. Take ibuprofen in the morning.'],
    ['布洛芬', '不过布洛芬有效'],
    ['zinc', 'not aspirin but zinc'],
    ['布洛芬', '疼痛不缓解时服用布洛芬'],
    ['布洛芬', '不行就用布洛芬'],
    ['布洛芬', '不要阿司匹林而用布洛芬'],
    ['布洛芬', '胃不舒服，布洛芬'],
    ['ibuprofen', 'Do not worry, ibuprofen and rest help'],
    ['ibuprofen', 'avoid aspirin, ibuprofen is better'],
    ['ibuprofen', 'do not take aspirin, take ibuprofen'],
    ['ibuprofen', 'take ibuprofen and zinc is not needed'],
    ['ibuprofen', 'do not stop taking ibuprofen'],
    ['ibuprofen', "don't forget ibuprofen"],
    ['ibuprofen', 'if not allergic take ibuprofen'],
    ['布洛芬', '不要停用布洛芬'],
    ['布洛芬', '如不退烧可服布洛芬'],
    ['布洛芬', '服用布洛芬，阿司匹林不推荐'],
    ['布洛芬', '无发热、头痛用布洛芬'],
    ['布洛芬', '布洛芬不能与酒同服'],
    ['布洛芬', '布洛芬没有成瘾性'],
  ])('but %s in %s', (value, answer) => {
    expect(named(value, answer)).toBe(1);
  });
});

describe('a value beside another one of its slot', () => {
  const rows = [
    { slots: { drug: 'zinc' }, assistant: 'Take zinc.' },
    { slots: { drug: 'iron' }, assistant: 'Take iron or zinc.' },
    { slots: { drug: 'zinc oxide' }, assistant: 'Use zinc oxide.' },
  ];
  const outcomes = (...answers: readonly string[]): readonly string[] =>
    slotOutcomes(answers, rows).map(({ drug }) => drug ?? '');

  test('another value is wrong where the reference names one', () => {
    expect(outcomes('Zinc or iron.', 'Zinc or iron.', 'zinc oxide')).toEqual(['other', 'named', 'named']);
  });

  test('a shorter value inside of a longer one is not named', () => {
    expect(outcomes('Use zinc oxide.', 'Take iron, not zinc oxide.', 'zinc')).toEqual([
      'other',
      'named',
      'other',
    ]);
  });

  test('counts add up to the rows', () => {
    const counted = slotCounts(slotOutcomes(['iron', 'not iron', ''], rows));
    expect(counted).toEqual({ drug: { rows: 3, named: 0, other: 1, negated: 1, missing: 1 } });
  });
});

test('an answer that repeats a conjunction endlessly is scored too', () => {
  expect(named('布洛芬', `布洛芬${'和'.repeat(500)}`)).toBe(1);
});

test('any separate value of a text is named, and no number names another', () => {
  const number = fc.integer({ min: 0, max: 99_999 }).map(String);
  fc.assert(
    fc.property(number, number, (value, other) => {
      expect(named(`${value} mg`, `take ${value} mg now`)).toBe(1);
      expect(named(`${value} mg`, `take ${other} mg now`)).toBe(Number(value === other));
      expect(named(`${value} mg`, `take ${other}.${value} mg now`)).toBe(
        Number(Number(`${other}.${value}`) === Number(value)),
      );
    }),
  );
});
