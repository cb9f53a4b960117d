import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/runner/event.ts';
import type { InstanceId, Key, RunId } from '../../src/runner/identity.ts';
import { noColors } from '../../src/runner/wording/colors.ts';
import { frame, timeLeft } from '../../src/runner/report/display/live.ts';
import { advance, emptyView, type LiveView } from '../../src/runner/report/display/run-view.ts';
import { plainLines } from '../../src/runner/report/display/plain.ts';

const id = (text: string) => text as InstanceId;
const key = 'k' as Key;

const begun = (instances: readonly string[], jobs = 2): Event => ({
  kind: 'run-started',
  at: 0,
  run: 'r' as RunId,
  pipeline: 'p',
  instances: instances.map(id),
  jobs,
});
const started = (instance: string, at: number): Event => ({
  kind: 'started',
  at,
  instance: id(instance),
  key,
  because: [{ kind: 'no-result' }],
  attempt: 1,
  resumed: false,
});
const progress = (instance: string, at: number, done: number, total: number): Event => ({
  kind: 'message',
  at,
  instance: id(instance),
  message: { kind: 'progress', done, total, unit: 'step' },
});
const ran = (instance: string, at: number, seconds: number): Event => ({
  kind: 'finished',
  at,
  instance: id(instance),
  key,
  outcome: { kind: 'ran', seconds, published: true },
});

const after = (...events: readonly Event[]) => events.reduce<LiveView>(advance, emptyView);

describe('the live display', () => {
  test('shows the memory of the GPU, and how busy it is where that is known', () => {
    const using = (busyPercent: number | undefined): Event => ({
      kind: 'gpu-usage',
      at: 1000,
      instance: id('train'),
      usage: { usedBytes: 10 * 2 ** 30, totalBytes: 24 * 2 ** 30, busyPercent },
    });
    const line = (busyPercent: number | undefined) =>
      frame(after(begun(['train']), started('train', 0), using(busyPercent)), 2000, 200, noColors)[1];
    expect(line(92.6)).toContain('GPU 10.0 GiB of 24.0 GiB, 93 %');
    expect(line(undefined)).toMatch(/GPU 10\.0 GiB of 24\.0 GiB {2}/);
    expect(frame(after(begun(['train']), started('train', 0)), 2000, 200, noColors)[1]).not.toContain('GPU');
  });

  test('shows each running instance with its progress, loss and time left', () => {
    const loss: Event = {
      kind: 'message',
      at: 3000,
      instance: id('train[lora]'),
      message: { kind: 'metric', step: 50, values: { loss: 0.2345 } },
    };
    const view = after(
      begun(['train[lora]']),
      started('train[lora]', 0),
      progress('train[lora]', 1000, 0, 100),
      progress('train[lora]', 3000, 50, 100),
      loss,
    );
    const [status, line] = frame(view, 3000, 200, noColors);
    expect(status).toBe('0 of 1 done · 1 running · 3.0 s · about 2.0 s left');
    expect(line).toContain('50/100 step');
    expect(line).toContain('loss 0.234');
    expect(line).toContain('2.0 s left');
  });

  test('steps done before a resumed training do not count for its speed', () => {
    const view = after(
      begun(['train']),
      started('train', 0),
      progress('train', 1000, 900, 1000),
      progress('train', 2000, 910, 1000),
    );
    expect(timeLeft(view, 2000).seconds).toBeCloseTo(9);
  });

  test('the remaining time is estimated from instances of the same stage, divided by the jobs', () => {
    const view = after(
      begun(['train[a]', 'train[b]', 'train[c]', 'train[d]', 'train[e]']),
      started('train[a]', 0),
      ran('train[a]', 10_000, 10),
    );
    expect(timeLeft(view, 10_000)).toEqual({ seconds: 20, uncounted: [] });
  });

  test('a stage without measurements makes the estimate a lower bound', () => {
    const view = after(
      begun(['train[a]', 'train[b]', 'eval[a]']),
      started('train[a]', 0),
      ran('train[a]', 10_000, 10),
    );
    expect(timeLeft(view, 10_000)).toEqual({ seconds: 5, uncounted: ['eval'] });
    expect(frame(view, 10_000, 200, noColors)[0]).toContain('at least 5.0 s left, not counting eval');
  });

  test('a stage without measurements is estimated from earlier runs', () => {
    const again: Event = {
      kind: 'run-started',
      at: 0,
      run: 'r' as RunId,
      pipeline: 'p',
      instances: ['train[a]', 'eval[a]'].map(id),
      jobs: 1,
      earlier: { train: 10, eval: 4 },
    };
    expect(timeLeft(after(again), 0)).toEqual({ seconds: 14, uncounted: [] });
    const quick = after(
      begun(['train[base]', 'train[a]', 'train[b]'], 1),
      ran('train[base]', 1000, 1),
      started('train[a]', 1000),
      progress('train[a]', 1000, 0, 10),
      progress('train[a]', 2000, 1, 10),
    );
    expect(timeLeft(quick, 2000).seconds).toBeCloseTo(9 + 5.5);
  });

  test('in 40 columns the numbers stay and the bar is dropped; wide characters take two columns', () => {
    const view = after(
      begun(['train[lora]', '训练']),
      started('train[lora]', 0),
      progress('train[lora]', 1000, 0, 100),
      progress('train[lora]', 3000, 50, 100),
      started('训练', 0),
    );
    expect(frame(view, 3000, 40, noColors)[1]).toBe('  train[lora]   50/100 step  2.0 s left');
    expect(frame(view, 3000, 5, noColors)[2]).toBe('  训');
  });

  test('a frame is lower than the terminal, so that it can be redrawn: further instances are counted', () => {
    const names = ['a', 'b', 'c', 'd'];
    const view = after(begun(names, 4), ...names.map((name) => started(name, 0)));
    const below = (rows: number) =>
      frame(view, 0, 80, noColors, rows)
        .slice(1)
        .map((line) => line.trim());
    expect(below(6).map((line) => line.slice(0, 1))).toEqual(names);
    expect(
      below(5)
        .map((line) => line.slice(0, 1))
        .slice(0, 2),
    ).toEqual(['a', 'b']);
    expect(below(5).slice(2)).toEqual(['… and 2 more']);
    expect(below(3)).toEqual(['… and 4 more']);
    expect(below(2)).toEqual([]);
    expect(frame(view, 0, 80, noColors, 1)).toHaveLength(1);
  });

  test('a download is shown until it is complete, or fails for now', () => {
    const fetching: Event = {
      kind: 'fetching',
      at: 0,
      model: 'hf:google/mt5-base@main',
      bytes: 1.5 * 2 ** 30,
      total: 3 * 2 ** 30,
      bytesPerSecond: 2 ** 20,
      secondsLeft: 1536,
    };
    expect(frame(after(fetching), 0, 200, noColors)).toEqual([
      'fetching hf:google/mt5-base@main · 1.5 GiB of 3.0 GiB · 1.0 MiB/s · 25 min 36 s left',
    ]);
    const ends: readonly Event[] = [
      { kind: 'fetched', at: 1, model: 'hf:google/mt5-base@main', bytes: 3 * 2 ** 30 },
      {
        kind: 'fetch-delayed',
        at: 1,
        model: 'hf:google/mt5-base@main',
        seconds: 55,
        because: 'hub limits the rate of requests',
      },
    ];
    for (const end of ends) expect(after(fetching, end).fetching).toBeUndefined();
    expect(ends.map((end) => plainLines(end, noColors, () => undefined))).toEqual([
      ['✓ hf:google/mt5-base@main  fetched, 3.0 GiB'],
      ['↻ hf:google/mt5-base@main  hub limits the rate of requests: again in 55 s'],
    ]);
  });

  test('no line is wider than the terminal, colour codes not counted', () => {
    const paint = { ...noColors, bold: (text: string) => `\u001b[1m${text}\u001b[22m` };
    const [status = ''] = frame(after(begun(['train'])), 0, 5, paint);
    expect(status).toBe('\u001b[1m0 of \u001b[22m');
  });
});

test('parts that do not fit are left out whole: no word is cut', () => {
  const view = after(
    begun(['train[aimc,lora]', 'b', 'c']),
    started('train[aimc,lora]', 0),
    progress('train[aimc,lora]', 1000, 1, 300),
    progress('train[aimc,lora]', 2000, 2, 300),
  );
  const whole = frame(view, 2000, 400, noColors);
  for (let width = 34; width < 120; width++) {
    for (const [index, line] of frame(view, 2000, width, noColors).entries()) {
      const words = new Set(whole[index]?.split(/[\s━╌]+/));
      expect(line.split(/[\s━╌]+/).filter((word) => !words.has(word))).toEqual([]);
      expect(line.length).toBeLessThanOrEqual(width);
    }
  }
});
