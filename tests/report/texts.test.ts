import { expect, test } from 'vitest';
import { pluralize } from '../../src/runner/wording/pluralize.ts';
import { historyText } from '../../src/runner/report/history-text.ts';
import { stateInRun } from '../../src/runner/report/run-text.ts';
import { countsText } from '../../src/runner/report/counts-text.ts';
import { durationText } from '../../src/runner/wording/duration-text.ts';
import { sizeText } from '../../src/runner/wording/size-text.ts';
import { joinFirst } from '../../src/runner/wording/join-first.ts';
import { table } from '../../src/runner/wording/table.ts';
import { textWidth } from '../../src/runner/wording/text-width.ts';
import { wrapped } from '../../src/runner/wording/wrapped.ts';

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3599.7, '1 h 00 min'],
  [4320, '1 h 12 min'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1024, '1.0 KiB'],
  [1_363_149, '1.3 MiB'],
  [2 ** 40 * 3000, '3000 TiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  ['one two three four', 9, ['one two', '  three', '  four']],
  ['a-word-that-is-wider and', 5, ['a-word-that-is-wider', '  and']],
  ['short', Infinity, ['short']],
])('%j wrapped at %d columns', (text, width, lines) => {
  expect(wrapped(text, width)).toEqual(lines);
});

test.each([
  [0, '0 faults'],
  [1, '1 fault'],
  [2, '2 faults'],
])('%d things are shown as %s', (count, text) => {
  expect(pluralize(count, 'fault')).toBe(text);
});

test('the summary of a run counts its outcomes; instances that did not start are one number', () => {
  const counts = {
    ran: 2,
    'up-to-date': 2,
    adopted: 1,
    restored: 0,
    failed: 1,
    interrupted: 0,
    blocked: 1,
    skipped: 2,
  };
  expect(countsText(counts)).toBe('2 ran, 1 adopted, 1 up to date, 1 failed, 3 not started');
});

test.each<readonly [readonly string[], string]>([
  [['a'], 'a'],
  [['a', 'b', 'c'], 'a, b, c'],
  [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
])('of the names %j these are shown: %s', (names, text) => {
  expect(joinFirst(names, 3)).toBe(text);
});

test.each([
  ['plain', 5],
  ['✨', 2],
  ['👨‍👩‍👧‍👦', 2],
  ['训练', 4],
  ['é', 1],
  ['\u001b[31mred\u001b[39m', 3],
])('%j takes %d columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns);
});

test('a history without runs says so', () => {
  expect(historyText([], new Map(), 80)).toBe('no runs yet\n');
});

test('a table that is too wide has its last column wrapped, or rows as blocks', () => {
  const rows = [
    ['instance', 'state', 'because'],
    ['train[训练]', 'out of date', 'params.rate 1 → 2; dep rows: content changed'],
    ['eval', 'waiting', 'waiting for train'],
  ];
  expect(table(rows, 200)).toHaveLength(3);
  expect(table(rows, 54)).toEqual([
    'instance     state        because',
    'train[训练]  out of date  params.rate 1 → 2; dep rows:',
    '                          content changed',
    'eval         waiting      waiting for train',
  ]);
  expect(table(rows, 40)).toEqual([
    'train[训练]',
    '  state: out of date',
    '  because: params.rate 1 → 2; dep',
    '    rows: content changed',
    'eval',
    '  state: waiting',
    '  because: waiting for train',
  ]);
});

test.each([
  ['running', 'running', 'waiting'],
  ['killed', 'killed', 'not-started'],
  ['interrupted', 'interrupted', 'not-started'],
  ['done', 'verified', 'not-started'],
] as const)('in a run that is %s, what has no outcome is %s once started, else %s', (run, started, other) => {
  expect(stateInRun({ outcome: undefined, startedAt: 1 }, run)).toBe(started);
  expect(stateInRun({ outcome: undefined, startedAt: undefined }, run)).toBe(other);
  expect(stateInRun({ outcome: { kind: 'skipped' }, startedAt: 1 }, run)).toBe('skipped');
});
