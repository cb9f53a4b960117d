import { expect, test } from 'vitest';
import { openDisplay } from '../../src/cli/display.ts';
import { isLive } from '../../src/cli/screen.ts';
import type { Event } from '../../src/runner/event.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
import { noColors } from '../../src/runner/report/colors.ts';

const failed: Event = { kind: 'finished', at: 0, instance: 'train' as InstanceId, key: null, outcome: { kind: 'failed', failure: { kind: 'exit', code: 1 }, seconds: 1, tail: [] } };

function shown(annotates: boolean): string {
  let text = '';
  const display = openDisplay({ write: (piece) => { text += piece; }, columns: () => 80, rows: () => 24, live: false, annotates, colors: noColors, now: () => 0 }, { placeOf: () => undefined, textOf: () => undefined });
  display.show(failed);
  display.close();
  return text;
}

test('in a workflow of GitHub a failure is annotated below its line; elsewhere it is only told', () => {
  expect(shown(true)).toBe('✗ train  failed after 1.0 s: exit code 1\n::error title=train::failed after 1.0 s: exit code 1\n');
  expect(shown(false)).toBe('✗ train  failed after 1.0 s: exit code 1\n');
});

test('lines are redrawn on a terminal, where CI is unset, empty or false', () => {
  expect([{}, { CI: '' }, { CI: 'false' }, { CI: 'true' }, { CI: '1' }, { TERM: 'dumb' }].map((environment) => isLive({ isTTY: true }, environment))).toEqual([true, true, true, false, false, false]);
  expect(isLive({}, {})).toBe(false);
});
