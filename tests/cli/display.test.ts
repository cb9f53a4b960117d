import { expect, test } from 'vitest';
import { openDisplay } from '../../src/cli/output/display.ts';
import { isLive, sizeOf } from '../../src/cli/output/screen.ts';
import type { Event, RecordedEvent } from '../../src/runner/event.ts';
import type { InstanceId, Key, RunId } from '../../src/runner/identity.ts';
import { progressLine } from '../../src/runner/report/display/live.ts';
import { advance, emptyView } from '../../src/runner/report/display/run-view.ts';
import { noColors } from '../../src/runner/wording/colors.ts';

const failed: Event = {
  kind: 'finished',
  at: 0,
  instance: 'train' as InstanceId,
  key: null,
  outcome: { kind: 'failed', failure: { kind: 'exit', code: 1 }, seconds: 1, tail: [] },
};

function shown(annotates: boolean): string {
  let text = '';
  const display = openDisplay(
    {
      write: (piece) => {
        text += piece;
      },
      columns: () => 80,
      rows: () => 24,
      live: false,
      annotates,
      colors: noColors,
      now: () => 0,
    },
    { placeOf: () => undefined, textOf: () => undefined },
    {},
  );
  display.show(failed);
  display.close();
  return text;
}

test('in GitHub Actions a failure is annotated below its line; elsewhere it is only printed', () => {
  expect(shown(true)).toBe(
    '✗ train  failed after 1.0 s: exit code 1\n::error title=train::failed after 1.0 s: exit code 1\n',
  );
  expect(shown(false)).toBe('✗ train  failed after 1.0 s: exit code 1\n');
});

test('without a terminal the progress line has step and loss', () => {
  const id = 'train' as InstanceId;
  const events: readonly RecordedEvent[] = [
    { kind: 'run-started', at: 0, run: 'r' as RunId, pipeline: 'p', instances: [id], jobs: 1 },
    { kind: 'started', at: 0, instance: id, key: 'k' as Key, because: [], attempt: 1, resumed: false },
    {
      kind: 'message',
      at: 0,
      instance: id,
      message: { kind: 'progress', done: 3, total: 9, unit: 'step' },
    },
    { kind: 'message', at: 0, instance: id, message: { kind: 'metric', step: 3, values: { loss: 2.5 } } },
  ];
  expect(progressLine(events.reduce(advance, emptyView), 1000, noColors)).toBe(
    '0 of 1 done · 1 running · 1.0 s · train 3/9 step, loss 2.50',
  );
});

test('characters echoed into the status line are erased with it', () => {
  let text = '';
  const display = openDisplay(
    {
      write: (piece) => {
        text += piece;
      },
      columns: () => 80,
      rows: () => 24,
      live: true,
      annotates: false,
      colors: noColors,
      now: () => 0,
    },
    { placeOf: () => undefined, textOf: () => undefined },
    {},
  );
  const id = 'train' as InstanceId;
  display.show({
    kind: 'started',
    at: 0,
    instance: id,
    key: 'k' as Key,
    because: [],
    attempt: 1,
    resumed: false,
  });
  text = '';
  display.show({ kind: 'interrupting', at: 0, hard: false });
  display.close();
  expect(text.startsWith('\r\u001b[2A\u001b[0J')).toBe(true);
});

test('lines are redrawn on a terminal where CI is unset, empty or false', () => {
  expect(
    [{}, { CI: '' }, { CI: 'false' }, { CI: 'true' }, { CI: '1' }, { TERM: 'dumb' }].map((environment) =>
      isLive({ isTTY: true }, environment),
    ),
  ).toEqual([true, true, true, false, false, false]);
  expect(isLive({}, {})).toBe(false);
});

test('a terminal of unknown size counts as 80 by 24; lines in a file have any length', () => {
  const terminal = { columns: 0, rows: 0 };
  const { columns, rows } = sizeOf(terminal);
  expect([columns(), rows()]).toEqual([80, 24]);
  Object.assign(terminal, { columns: 132, rows: 50 });
  expect([columns(), rows()]).toEqual([132, 50]);
  expect([sizeOf({}).columns(), sizeOf({}).rows()]).toEqual([Infinity, Infinity]);
});
