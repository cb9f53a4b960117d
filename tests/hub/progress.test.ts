import { expect, test } from 'vitest';
import {
  advance,
  type Download,
  type Meter,
  speedOf,
  DownloadProgress,
} from '../../src/runner/hub/download/progress.ts';

test('the speed is that of the last ten seconds', () => {
  const meter = [
    [0, 0],
    [1000, 500],
    [11_000, 10_500],
    [12_000, 12_500],
  ].reduce<Meter>((so, [at = 0, received = 0]) => advance(so, at, received), []);
  expect(speedOf(meter)).toBe((12_500 - 10_500) / 1);
});

test('no speed is reported before there are measurements', () => {
  expect(speedOf([])).toBeUndefined();
  expect(speedOf(advance([], 5, 100))).toBeUndefined();
  expect(speedOf(advance(advance([], 5, 100), 5, 200))).toBeUndefined();
});

test('a clock that is set back gives no negative speed', () => {
  const meter = advance(advance(advance([], 100_000, 0), 5000, 10), 6000, 20);
  expect(speedOf(meter)).toBe(10);
});

test('the remaining time is based on received bytes, not on those already there', () => {
  let now = 0;
  const reports: Download[] = [];
  const tally = new DownloadProgress(
    1000,
    () => now,
    (report) => reports.push(report),
  );
  tally.whole('config.json', 100);
  tally.piece('weights', 510, 10);
  now = 1000;
  tally.piece('weights', 550, 40);
  expect(reports.at(-1)).toEqual({
    kind: 'download',
    file: 'weights',
    bytes: 650,
    total: 1000,
    bytesPerSecond: 40,
    secondsLeft: 350 / 40,
  });
  expect(tally.left()).toBe(350);
});

test('not every chunk is reported', () => {
  let now = 0;
  let reports = 0;
  const tally = new DownloadProgress(
    10_000,
    () => now,
    () => {
      reports += 1;
    },
  );
  for (let length = 1; length <= 10_000; length++) {
    now += 1;
    tally.piece('weights', length, 1);
  }
  expect(reports).toBe(50);
});
