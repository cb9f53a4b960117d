import type { Row } from '../dataset/row.ts';
import { wordsOf } from '../text/words.ts';

/**
 * For each slot that a row has, by name: the share of rows with that slot whose prediction names the row's value of it.
 * A value is named where its words stand in a row, in any case ("rest" is not named by "interest"); each Chinese
 * character counts as a word. `predictions` are in the order of `rows`.
 */
export function slotAccuracy(
  predictions: readonly string[],
  rows: readonly Pick<Row, 'slots'>[],
): Readonly<Record<string, number>> {
  const counts = new Map<string, { rows: number; named: number }>();
  rows.forEach(({ slots = {} }, index) => {
    const words = spaced(predictions[index] ?? '');
    for (const [slot, value] of Object.entries(slots)) {
      const count = counts.get(slot) ?? { rows: 0, named: 0 };
      counts.set(slot, { rows: count.rows + 1, named: count.named + Number(isNamed(spaced(value), words)) });
    }
  });
  return Object.fromEntries(
    [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([slot, count]) => [slot, count.named / count.rows]),
  );
}

/** A value without a word (a sign alone) is named nowhere. */
const isNamed = (value: string, text: string): boolean => value.trim() !== '' && text.includes(value);

/** The words between spaces, so that one text's words stand in a row in another's if it is part of it. */
const spaced = (text: string): string => ` ${wordsOf(text).join(' ')} `;
