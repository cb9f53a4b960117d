import { expect, test } from 'vitest';
import { appended, type CacheSlots, continued, emptySlots, folded } from '../../src/ml/model/cache-slots.ts';

/** Two sources, two beams each, after three steps: the second's beams share their first two tokens. */
function threeSteps(): CacheSlots {
  const first = appended(continued(emptySlots, Int32Array.of(0, 0)), 2);
  const second = appended(continued(first, Int32Array.of(0, 0, 1, 1)), 2);
  return appended(continued(second, Int32Array.of(1, 0, 2, 2)), 2);
}

test('a beam sees the slots of the tokens that it continues and one of its own', () => {
  expect(threeSteps()).toEqual({
    past: 6,
    recent: 5,
    beams: [
      [1, 3, 4],
      [1, 2, 5],
      [1, 2, 4],
      [1, 2, 5],
    ],
  });
});

test('a fold keeps the slots that beams see, of the sources that are left, in each head', () => {
  const next = continued(threeSteps(), Int32Array.of(2, 3));
  expect(folded(next, [1], 2)).toEqual({
    slots: {
      past: 4,
      recent: 0,
      beams: [
        [0, 1, 2],
        [0, 1, 3],
      ],
    },
    // Of 6 slots in each of 2 heads, those of the second source begin at 12.
    places: Int32Array.of(13, 14, 16, 17, 19, 20, 22, 23),
  });
});

test('a source with fewer slots than another is filled up with one that its beams do not see there', () => {
  const next = continued(threeSteps(), Int32Array.of(0, 1, 2, 2));
  const { slots, places } = folded(next, [0, 1], 1);
  expect(slots.beams).toEqual([
    [0, 2, 3],
    [0, 1, 4],
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(places).toEqual(Int32Array.of(1, 2, 3, 4, 5, 7, 8, 10, 6, 6));
});

test('a beam that is not there is not continued', () => {
  expect(() => continued(emptySlots, Int32Array.of(1))).toThrow('there is no beam 1 to continue');
});
