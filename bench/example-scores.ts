import { estimate } from '../src/ml/metrics/estimate.ts';
import { multilingualProfile } from '../src/ml/metrics/profile.ts';
import { slotOutcomes } from '../src/ml/metrics/slot-accuracy.ts';
import { mixedTokens } from '../src/ml/metrics/tokenize.ts';

/** What a pair of texts, or some counts, scored in version 0.1.0 and scores now. */
export interface ExampleScore {
  readonly reference: string;
  readonly answer: string;
  readonly score: string;
  readonly before: string;
  readonly now: string;
}

const score = multilingualProfile(mixedTokens);

const f1 = (reference: string, answer: string, before: string): ExampleScore => ({
  reference,
  answer,
  score: 'F1',
  before,
  now: score(reference, answer).f1.toFixed(3),
});

/** The value is that of the reference; `others` are values of the slot in other rows. */
const slot = (
  value: string,
  answer: string,
  before: string,
  others: readonly string[] = [],
): ExampleScore => {
  const rows = [value, ...others].map((each) => ({ assistant: each, slots: { slot: each } }));
  const [outcomes] = slotOutcomes([answer, ...others], rows);
  return { reference: value, answer, score: 'slot', before, now: outcomes?.['slot'] ?? '' };
};

const proportion = (right: number, rows: number, before: string): ExampleScore => {
  const { low, high } = estimate(
    Array.from({ length: rows }, (_, row) => Number(row < right)),
    'proportion',
    { seed: 1 },
  );
  return {
    reference: '',
    answer: `${right} of ${rows} right`,
    score: 'interval',
    before,
    now: `${low.toFixed(3)}-${high.toFixed(3)}`,
  };
};

export const exampleScores = (): readonly ExampleScore[] => [
  f1('принимайте цинк', 'пейте воду', '1.000'),
  f1('みずをのむ', 'ねる', '1.000'),
  f1('물을 드세요', '쉬세요', '1.000'),
  f1('اشرب الماء', 'خذ قسطا من الراحة', '1.000'),
  f1('ดื่มน้ำ', 'พักผ่อน', '1.000'),
  f1('café', 'cafe\u0301', '0.000'),
  f1('每天３次', '每天3次', '0.857'),
  f1('。', '', '1.000'),
  slot('3 mg', 'take 0.3 mg', 'right'),
  slot('三天', '服用十三天', 'right'),
  slot('ibuprofen', 'do not take ibuprofen', 'right'),
  slot('布洛芬', '不要服用布洛芬', 'right'),
  slot('3 mg', 'take 3 mg or 5 mg', 'right', ['5 mg']),
  slot('３ ｍｇ', '3mg twice a day', 'wrong'),
  proportion(96, 96, '1.000-1.000'),
  proportion(3, 96, '0.000-0.073'),
];
