import type { Row } from '../dataset/row.ts';
import { memoize } from '../../memory.ts';
import { mentionTokens } from './mention-tokens.ts';
import { mentionFinder, valueIdentity } from './mentions.ts';

/**
 * How an answer treats the value of a slot. `named`: it names the value, and no other value of that slot
 * beyond the reference's. `other`: it names another value. `negated`: it names the value only to deny it.
 * `missing`: anything else.
 */
export type SlotOutcome = 'named' | 'other' | 'negated' | 'missing';

/** Counts for one slot, over the rows that have it. */
export type SlotCounts = Readonly<Record<SlotOutcome, number>> & { readonly rows: number };

type SlotRow = Pick<Row, 'slots'> & Partial<Pick<Row, 'assistant'>>;

/**
 * For each row, the outcome of each of its slots. `predictions` are in the order of `rows`; the values of a
 * slot are those of all rows.
 */
export function slotOutcomes(
  predictions: readonly string[],
  rows: readonly SlotRow[],
): readonly Readonly<Record<string, SlotOutcome>>[] {
  const finders = new Map<string, ReturnType<typeof mentionFinder>>();
  for (const [slot, values] of valuesBySlot(rows)) finders.set(slot, mentionFinder(values));
  const identityOf = memoize(valueIdentity);
  return rows.map(({ slots = {}, assistant = '' }, index) => {
    const [reference, prediction] = [mentionTokens(assistant), mentionTokens(predictions[index] ?? '')];
    return Object.fromEntries(
      Object.entries(slots).map(([slot, value]) => {
        const find = finders.get(slot) ?? mentionFinder([]);
        const identity = identityOf(value);
        const expected = new Set(affirmed(find(reference))).add(identity);
        return [slot, outcomeOf(identity, expected, find(prediction))];
      }),
    );
  });
}

/** The counts of every slot, in the order of the slots' names. */
export function slotCounts(
  outcomes: readonly Readonly<Record<string, SlotOutcome>>[],
): Readonly<Record<string, SlotCounts>> {
  const counts = new Map<string, SlotCounts>();
  for (const row of outcomes) {
    for (const [slot, outcome] of Object.entries(row)) {
      const count = counts.get(slot) ?? { rows: 0, named: 0, other: 0, negated: 0, missing: 0 };
      counts.set(slot, { ...count, rows: count.rows + 1, [outcome]: count[outcome] + 1 });
    }
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * For each slot that a row has, by name: the share of rows with that slot whose prediction names the row's
 * value of it.
 */
export const slotAccuracy = (
  predictions: readonly string[],
  rows: readonly SlotRow[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(slotCounts(slotOutcomes(predictions, rows))).map(([slot, count]) => [
      slot,
      count.named / count.rows,
    ]),
  );

function valuesBySlot(rows: readonly SlotRow[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, Set<string>>();
  for (const { slots = {} } of rows) {
    for (const [slot, value] of Object.entries(slots))
      values.set(slot, (values.get(slot) ?? new Set()).add(value));
  }
  return new Map([...values].map(([slot, known]) => [slot, [...known]]));
}

type Mentions = ReturnType<ReturnType<typeof mentionFinder>>;

const affirmed = (mentions: Mentions): readonly string[] =>
  mentions.filter(({ negated }) => !negated).map(({ value }) => value);

function outcomeOf(value: string, expected: ReadonlySet<string>, mentions: Mentions): SlotOutcome {
  const named = affirmed(mentions);
  if (!named.includes(value) && mentions.some((mention) => mention.value === value)) return 'negated';
  if (named.some((other) => !expected.has(other))) return 'other';
  return named.includes(value) ? 'named' : 'missing';
}
