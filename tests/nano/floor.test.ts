import { expect, test } from 'vitest';
import { guessedAnswers } from '../../stages/nano/floor.ts';
import { seededRandom } from '../../stages/nano/random.ts';

const row = (symptom: string, drug: string) => ({
  human: `I have ${symptom}.`,
  assistant: `For ${symptom} take ${drug}.`,
  slots: { symptom, drug },
});
const rows = [row('cough', 'syrup'), row('rash', 'cream'), row('cough', 'syrup')];

test('facts of the question are kept, every other fact is a value of its slot', () => {
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

test('the values of a slot are guessed equally often, whatever their frequency', () => {
  const many = Array.from({ length: 2000 }, (_, seed) => guessedAnswers(seededRandom(seed), rows)).flat();
  const share = many.filter((answer) => answer.endsWith('syrup.')).length / many.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.05);
});

test('the same seed gives the same guesses', () => {
  expect(guessedAnswers(seededRandom(1), rows)).toEqual(guessedAnswers(seededRandom(1), rows));
});
