import { describe, expect, test } from 'vitest';
import { faultOf, faultsOf } from './planned.ts';

describe('invalid YAML is reported at its position with a message about the text', () => {
  test.each<readonly [string, string, string, string, string | undefined]>([
    [
      'no colon',
      'vars:\n  a: 1\n  validation 0.1\n  b: 2\n',
      '3:3 validation 0.1',
      'expected ": " between a name and its value',
      undefined,
    ],
    [
      'no colon in the last line',
      'vars:\n  a: 1\n  validation 0.1\nstages: {}\n',
      '3:3 validation 0.1',
      'expected ": " between a name and its value',
      undefined,
    ],
    [
      'no space after the colon',
      'vars:\n  a:1\n  b: 2\n',
      '2:3 a:1',
      'expected ": " between a name and its value',
      'write "a: 1", with a space',
    ],
    [
      'a map that is not closed',
      'vars:\n  a: { b: 1, c: 2\n  d: 3\n',
      '2:6 {',
      'this { is not closed, or its content is not indented',
      undefined,
    ],
    [
      'a list that is not closed at the end',
      'vars:\n  a: [1, 2\n',
      '2:6 [',
      'this [ is not closed, or its content is not indented',
      undefined,
    ],
    [
      'of two brackets the one that is not closed',
      'vars:\n  a: { b: { c: 2 }\n  d: 3\n',
      '2:6 {',
      'this { is not closed, or its content is not indented',
      undefined,
    ],
    ['brackets closed twice', 'vars:\n  a: { b: 1 }}\n', '2:14 }', 'this } closes nothing', undefined],
    [
      'a comma that is missing',
      'vars:\n  a: { b: 1 c: 2 }\n',
      '2:11 1 c: 2 ',
      'a comma is missing between two names',
      'a text with ": " in it needs quotes',
    ],
    [
      'a line too far to the right',
      'vars:\n  a: 1\n\n    b: 2\n',
      '4:5 b: 2',
      'this line is indented below a name that already has a value',
      undefined,
    ],
    [
      'a line too far to the right, below a comment',
      'vars:\n  a: 1\n\n  # more\n    b: 2 # here\n',
      '5:5 b: 2 # here',
      'this line is not aligned with the lines that it belongs to',
      undefined,
    ],
    [
      'a line too far to the left',
      'vars:\n    a: 1\n  b: 2\n',
      '3:3 b: 2',
      'this line is not aligned with the lines that it belongs to',
      undefined,
    ],
    [
      'an item too far to the left',
      'vars:\n  a:\n    - 1\n   - 2\n',
      '4:4 - 2',
      'this line is not aligned with the lines that it belongs to',
      undefined,
    ],
    [
      'a text with a colon',
      'vars:\n  a: question: why\n',
      '2:6 question: why',
      'a text with ": " in it needs quotes',
      'write "question: why"',
    ],
    [
      'a quote that is not closed',
      'vars:\n  a: "open\n  b: 2\n',
      '2:6 "',
      'this " is never closed',
      undefined,
    ],
    [
      'a text that begins as none can',
      'vars:\n  a: @home\n',
      '2:6 @',
      'a text that begins with @ needs quotes',
      undefined,
    ],
    [
      'a command whose program is in quotes',
      'vars:\n  a: "my tool" --fast\n',
      '2:16 --fast',
      'the value ends before this: a text that begins with ", \', [, { or * needs quotes around all of it',
      "put all of it in single quotes, in which '' means ', or on the line below after |",
    ],
    [
      'a command that begins with a bracket',
      'vars:\n  a: [ -f x ] && y\n',
      '2:15 && y',
      'the value ends before this: a text that begins with ", \', [, { or * needs quotes around all of it',
      undefined,
    ],
    [
      'a list on the line of its name',
      'vars:\n  a: - 1\n',
      '2:6 -',
      'a list begins on the line below its name; a text that begins with - needs quotes',
      undefined,
    ],
    [
      'a text on the line of its |',
      'vars:\n  a: | x\n',
      '2:8 x',
      'a text after | or > begins on the line below; one that begins with | or > needs quotes',
      undefined,
    ],
    [
      'a text that begins with &',
      'vars:\n  a: & x\n',
      '2:6 &',
      'a text that begins with & needs quotes',
      undefined,
    ],
    [
      'a path of Windows',
      'vars:\n  a: "C:\\data"\n',
      '2:9 \\',
      '\\d is not an escape sequence in double quotes',
      'use single quotes, or write the backslash twice',
    ],
    [
      'a tab',
      'vars:\n\ta: 1\n',
      '2:1 \t',
      'there is a tab in the indentation',
      'indent with spaces: YAML allows no tabs there',
    ],
  ])('%s', (_, text, place, message, help) => {
    for (const written of [text, text.replaceAll('\n', '\r\n')]) {
      expect(faultsOf(written)).toEqual([`yaml-syntax ${place}`]);
      expect(faultOf(written)).toMatchObject(help === undefined ? { message } : { message, help });
    }
  });

  test('an unknown alias, with the nearest one; a text that begins with "*"', () => {
    expect(faultOf('vars:\n  full: &full { a: 1 }\n  b: { <<: *ful }\n')).toMatchObject({
      code: 'unknown-alias',
      suggestion: 'full',
    });
    expect(faultOf('vars: { a: *.txt }\n')).toMatchObject({
      code: 'unknown-alias',
      help: 'a text that begins with * needs quotes',
    });
  });
});
