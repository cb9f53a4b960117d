import { expect, test } from 'vitest';
import { openDisplay } from '../../src/cli/display.ts';
import { isLive, sizeOf } from '../../src/cli/screen.ts';
import type { Event } from '../../src/runner/event.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
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
  );
  display.show(failed);
  display.close();
  return text;
}

test('in a workflow of GitHub a failure is annotated below its line; elsewhere it is only told', () => {
  expect(shown(true)).toBe(
    '✗ train  failed after 1.0 s: exit code 1\n::error title=train::failed after 1.0 s: exit code 1\n',
  );
  expect(shown(false)).toBe('✗ train  failed after 1.0 s: exit code 1\n');
});

test('lines are redrawn on a terminal, where CI is unset, empty or false', () => {
  expect(
    [{}, { CI: '' }, { CI: 'false' }, { CI: 'true' }, { CI: '1' }, { TERM: 'dumb' }].map((environment) =>
      isLive({ isTTY: true }, environment),
    ),
  ).toEqual([true, true, true, false, false, false]);
  expect(isLive({}, {})).toBe(false);
});

test('a terminal that does not say its size is taken for one of 80 columns and 24 lines, until it says it; a file has lines of any length', () => {
  const terminal = { columns: 0, rows: 0 };
  const { columns, rows } = sizeOf(terminal);
  expect([columns(), rows()]).toEqual([80, 24]);
  Object.assign(terminal, { columns: 132, rows: 50 });
  expect([columns(), rows()]).toEqual([132, 50]);
  expect([sizeOf({}).columns(), sizeOf({}).rows()]).toEqual([Infinity, Infinity]);
});
