import { expect, test } from 'vitest';
import { guessedAnswers } from '../../stages/nano/floor.ts';
import { seededRandom } from '../../stages/nano/random.ts';

const row = (symptom: string, drug: string) => ({
  human: `I have ${symptom}.`,
  assistant: `For ${symptom} take ${drug}.`,
  slots: { symptom, drug },
});
const rows = [row('cough', 'syrup'), row('rash', 'cream'), row('cough', 'syrup')];

test('what stands in the question is kept, every other fact is one of the values that its slot has', () => {
  const answers = Array.from({ length: 50 }, (_, seed) => guessedAnswers(seededRandom(seed), rows)).flat();
  expect(new Set(answers)).toEqual(
    new Set([
      'For cough take syrup.',
      'For cough take cream.',
      'For rash take syrup.',
      'For rash take cream.',
    ]),
  );
});

test('each value of a slot is guessed as often as another, however often the rows have it', () => {
  const many = Array.from({ length: 2000 }, (_, seed) => guessedAnswers(seededRandom(seed), rows)).flat();
  const share = many.filter((answer) => answer.endsWith('syrup.')).length / many.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.05);
});

test('the same seed guesses the same', () => {
  expect(guessedAnswers(seededRandom(1), rows)).toEqual(guessedAnswers(seededRandom(1), rows));
});
