import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/runner/diagnostic.ts';
import { noColors, type Colors } from '../../src/runner/wording/colors.ts';
import { diagnosticText } from '../../src/runner/report/diagnostic-text.ts';

const source = 'stages:\n  train:\n    parms: { 数据: "日本", x: ../y }\n';
const at = (marked: string, text = source) => ({
  file: 'pipeline.yaml',
  offset: text.indexOf(marked),
  length: marked.length,
});
const shown = (
  diagnostic: Omit<Diagnostic, 'severity' | 'code'>,
  text: string | undefined = source,
  colors: Colors = noColors,
): string => diagnosticText({ severity: 'error', code: 'some-code', ...diagnostic }, colors, () => text);

const mark = (text: string): string => `<${text}>`;

describe('a diagnostic as text', () => {
  test('has its position, the line with a caret, what to do, and notes with their positions', () => {
    expect(
      shown({
        message: 'a stage has no "parms"',
        at: at('parms'),
        suggestion: 'params',
        help: 'see pipeline schema',
        notes: [{ message: 'the stage stands here', at: at('train') }, { message: 'twice more' }],
      }),
    ).toBe(`pipeline.yaml:3:5: error: a stage has no "parms" [some-code]
  3 |     parms: { 数据: "日本", x: ../y }
    |     ^^^^^
  did you mean "params"?
  help: see pipeline schema
  pipeline.yaml:2:3: note: the stage stands here
  2 |   train:
    |   ^^^^^
  note: twice more`);
  });

  test('columns are characters, and carets align under wide ones', () => {
    expect(shown({ message: 'm', at: at('../y') })).toBe(`pipeline.yaml:3:27: error: m [some-code]
  3 |     parms: { 数据: "日本", x: ../y }
    |                               ^^^^`);
    expect(shown({ message: 'm', at: at('x', '😀 x') }, '😀 x')).toBe(
      'pipeline.yaml:1:3: error: m [some-code]\n  1 | 😀 x\n    |    ^',
    );
    expect(shown({ message: 'm', at: at('"日本"') })).toContain('\n    |                    ^^^^^^');
  });

  test('a range over several lines is marked to the end of the first', () => {
    expect(shown({ message: 'm', at: at('train:\n    parms') })).toContain('  2 |   train:\n    |   ^^^^^^');
  });

  test.each([
    ['CR LF', source.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${source}`],
  ])('%s changes nothing', (_, text) => {
    expect(shown({ message: 'm', at: at('parms', text) }, text)).toBe(
      shown({ message: 'm', at: at('parms') }),
    );
    expect(shown({ message: 'm', at: at('stages', text) }, text)).toBe(
      shown({ message: 'm', at: at('stages') }),
    );
  });

  test('tabs are one column wide, so that the caret aligns', () => {
    expect(shown({ message: 'm', at: at('x', '\t\tx') }, '\t\tx')).toBe(
      'pipeline.yaml:1:3: error: m [some-code]\n  1 |   x\n    |   ^',
    );
  });

  test('long lines are shortened', () => {
    const long = `${'a'.repeat(1000)}X${'b'.repeat(1000)}`;
    const [, line = '', caret = ''] = shown({ message: 'm', at: at('X', long) }, long).split('\n');
    expect(line.length).toBeLessThan(200);
    expect(caret.indexOf('^')).toBe(line.indexOf('X'));
  });

  test('without a position or source text, the message is still shown', () => {
    expect(shown({ message: 'm' })).toBe('error: m [some-code]');
    expect(
      diagnosticText(
        { severity: 'warning', code: 'c', message: 'm', at: at('parms') },
        noColors,
        () => undefined,
      ),
    ).toBe('pipeline.yaml: warning: m [c]');
  });

  test('text of a file never moves the cursor of a terminal', () => {
    const hostile = 'a: \u001B[2J\u202E\u0007x';
    expect(shown({ message: 'bad \u001B[31m name\n', at: at('x', hostile) }, hostile)).toBe(
      'pipeline.yaml:1:10: error: bad \\u{1b}[31m name\\u{a} [some-code]\n' +
        '  1 | a: \\u{1b}[2J\\u{202e}\\u{7}x\n    |                          ^',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), fc.nat(40), (text, offset, length) => {
        expect(
          diagnosticText(
            {
              severity: 'error',
              code: 'c',
              message: text,
              at: { file: text, offset: Math.min(offset, text.length), length },
            },
            noColors,
            () => text,
          ),
        ).not.toMatch(/(?!\n)\p{Cc}/u);
      }),
    );
  });

  test('colours highlight words and change none', () => {
    const colors: Colors = { bold: mark, dim: mark, red: mark, green: mark, yellow: mark, cyan: mark };
    const diagnostic = {
      message: 'm',
      at: at('parms'),
      suggestion: 's',
      help: 'h',
      notes: [{ message: 'n', at: at('train') }],
    };
    expect(shown(diagnostic, source, colors).replaceAll(/[<>]/g, '')).toBe(shown(diagnostic));
    expect(shown(diagnostic, source, colors)).toContain('<^^^^^>');
  });
});
