import { expect, test } from 'vitest';
import { noColors } from '../../src/runner/wording/colors.ts';
import { messageText } from '../../src/runner/report/message-text.ts';
import { failureText } from '../../src/runner/report/outcome-text.ts';
import { plainLines } from '../../src/runner/report/display/plain.ts';
import { inReadingOrder, printable, printableLines } from '../../src/runner/wording/printable.ts';
import type { InstanceId } from '../../src/runner/identity.ts';

const hostile = '\u001b[31mred\u001b[2J\u0007';
const harmless = 'red\\u{1b}[2J\\u{7}';

test('control characters in output and messages of a stage never reach a terminal', () => {
  expect(
    plainLines(
      {
        kind: 'finished',
        at: 0,
        instance: 'a' as InstanceId,
        key: null,
        outcome: { kind: 'failed', failure: { kind: 'exit', code: 1 }, seconds: 1, tail: [hostile] },
      },
      noColors,
      () => undefined,
    ).at(-1),
  ).toBe(`    ${harmless}`);
  expect(messageText({ kind: 'warning', text: hostile })).toBe(harmless);
  expect(failureText({ kind: 'reported', text: hostile })).toBe(harmless);
});

test.each([
  ['one\ttwo\nthree', 'one\ttwo\nthree'],
  ['as Windows ends a line\r\nnext\r', 'as Windows ends a line\nnext'],
  [' 10 %\r 20 %\r100 %\ndone', '100 %\ndone'],
  ['می‌خواهم 👩‍⚕️', 'می‌خواهم 👩‍⚕️'],
])('%j is shown as %j', (text, shown) => {
  expect(printableLines(text)).toBe(shown);
});

test('characters that change the text direction are escaped, joiners are not', () => {
  for (const show of [printable, printableLines, inReadingOrder])
    expect(show('exe.\u202Etxt')).toBe('exe.\\u{202e}txt');
  expect(printableLines('ക്\u200D')).toBe('ക്\u200D');
});
