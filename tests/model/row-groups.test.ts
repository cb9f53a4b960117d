import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupByLength, groupsFor } from '../../src/ml/model/row-groups.ts';

const rowOf = (length: number): readonly number[] => Array.from({ length }, () => 1);

test('groups contain every row once, the longest first, as even as possible', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      (lengths, count) => {
        const [source, target] = [
          lengths.map(([length]) => rowOf(length)),
          lengths.map(([, length]) => rowOf(length)),
        ];
        const groups = groupByLength(source, target, count);
        expect(groups).toHaveLength(count);
        const places = groups.flat();
        expect(places.toSorted((a, b) => a - b)).toEqual([...lengths.keys()]);
        const totals = places.map((place) => (lengths[place]?.[0] ?? 0) + (lengths[place]?.[1] ?? 0));
        expect(totals).toEqual(totals.toSorted((a, b) => b - a));
        const sizes = groups.map((group) => group.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test('rows of one length form one block, rows of many lengths up to four groups', () => {
  const even = Array.from({ length: 50 }, () => 48);
  const ragged = Array.from({ length: 50 }, (_, index) => 10 + 10 * index);
  expect(groupsFor([even, even], 4)).toBe(1);
  expect(groupsFor([ragged, ragged], 4)).toBe(4);
  expect(groupsFor([ragged, ragged], 32)).toBe(4);
  expect(groupsFor([ragged, ragged], 1)).toBe(1);
  const short = ragged.map((length) => Math.ceil(length / 10));
  expect(groupsFor([short, short], 4)).toBe(1);
  expect(groupsFor([[], []], 4)).toBe(1);
});
