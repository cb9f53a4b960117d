import type { Row } from '../../src/ml/dataset/row.ts';
import type { Random } from './random.ts';
import { pick } from './random.ts';

type WithSlots = Row & Required<Pick<Row, 'slots'>>;

/**
 * Baseline answers with the right wording, which copy the facts of the question and guess every other fact:
 * each such value is replaced by one that this slot has in the rows. A model must score above this floor to
 * show that it learned the rule and not just the form.
 */
export const guessedAnswers = (random: Random, rows: readonly WithSlots[]): readonly string[] => {
  const known = slotValues(rows);
  return rows.map(({ human, assistant, slots }) =>
    Object.entries(slots)
      .filter(([, value]) => !human.includes(value))
      .reduce(
        (text, [name, value]) => text.replace(value, () => guess(random, known.get(name), value)),
        assistant,
      ),
  );
};

const guess = (random: Random, [first, ...others]: readonly string[] = [], value: string): string =>
  first === undefined ? value : pick(random, [first, ...others]);

/** The different values of each slot. */
const slotValues = (rows: readonly WithSlots[]): ReadonlyMap<string, readonly string[]> => {
  const values = new Map<string, string[]>();
  for (const { slots } of rows)
    for (const [name, value] of Object.entries(slots)) {
      const seen = values.get(name) ?? [];
      if (!seen.includes(value)) values.set(name, [...seen, value]);
    }
  return values;
};
