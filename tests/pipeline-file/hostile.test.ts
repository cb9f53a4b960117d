import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOf, faultsOf, planned } from './planned.ts';

const codesOf = (text: string): readonly (string | undefined)[] => {
  const { result } = planned(text);
  return result.ok ? [] : [...new Set(result.error.map(({ code }) => code))];
};
const many = (count: number, of: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => of(index)).join('');
const stage = 'stages: { a: { cmd: [echo], outs: { o: o } } }\n';

describe('hostile text is refused with a located fault, never a crash', () => {
  test.each<readonly [string, string, string]>([
    ['flow lists 100,000 deep', 'a: ' + '['.repeat(100_000), 'too-deep'],
    ['closed flow lists 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000), 'too-deep'],
    ['flow maps 100,000 deep', '{a: '.repeat(100_000), 'too-deep'],
    ['block maps 1,000 deep', many(1_000, (index) => `${' '.repeat(index)}a:\n`), 'too-deep'],
    ['lists in one line 100,000 deep', '- '.repeat(100_000) + 'x', 'too-deep'],
    ['explicit keys 100,000 deep', '? '.repeat(100_000) + 'x', 'too-deep'],
    ['brackets hidden from a count by closing ones in quotes', many(10_000, () => '["]]]]", '), 'too-deep'],
    ['50 MB', `a: ${'x'.repeat(50 << 20)}`, 'too-large'],
    ['400,000 commas', `[${','.repeat(400_000)}]`, 'yaml-syntax'],
    ['a list of a million', `a: [${'1,'.repeat(1_000_000)}]`, 'too-large'],
    ['a block list of a million', `a:\n${'- 1\n'.repeat(1_000_000)}`, 'too-large'],
    [
      'a text with 20,000 references',
      `vars: { x: 1, y: "${'${vars.x}'.repeat(20_000)}" }\n${stage}`,
      'too-large',
    ],
    ['anchors within anchors', `vars: ${many(1_000, (index) => `&a${index} [`)}`, 'too-deep'],
    [
      'a chain of merges',
      `vars:\n  m0: &m0 { a: 1 }\n` +
        `${many(2_000, (index) => `  m${index + 1}: &m${index + 1} { <<: *m${index}, k${index}: 1 }\n`)}` +
        `${stage}`,
      'too-large',
    ],
    ['100,000 documents', '---\n'.repeat(100_000), 'too-large'],
    ['two documents', `${stage}---\n${stage}`, 'many-documents'],
    ['NUL', 'a: \0', 'control-character'],
    ['an escape sequence for the terminal', 'a: \u001B[2J', 'control-character'],
    ['NUL by escape', 'vars: { a: "\\0" }\n' + stage, 'nul'],
    ['NUL by escape in a name', 'vars: { "a\\0": 1 }\n' + stage, 'bad-key'],
    ['a new line by escape in a name', 'vars: { "a\\nb": 1 }\n' + stage, 'bad-key'],
    ['a turned name', 'vars: { "a\\u202Eb": 1 }\n' + stage, 'bad-key'],
    ['a lone surrogate', 'a: \uD800', 'lone-surrogate'],
    ['a lone surrogate by escape', 'vars: { a: "\\uD800" }\n' + stage, 'lone-surrogate'],
    ['a carriage return alone', 'a: 1\rb: 2', 'lone-carriage-return'],
    ['tabs as indentation', 'stages:\n\ta: 1\n', 'yaml-syntax'],
    ['__proto__', 'vars: { __proto__: { polluted: true } }\n' + stage, 'bad-key'],
    ['a list as a name', 'vars: { [a, b]: 1 }\n' + stage, 'bad-key'],
    ['nothing as a name', 'vars: { ~: 1 }\n' + stage, 'bad-key'],
    ['a tag of another language', 'vars: !!js/function "x"\n' + stage, 'tag'],
    ['a tag for bytes', 'vars: { a: !!binary aGk= }\n' + stage, 'tag'],
    ['a local tag', 'vars: { a: !secret x }\n' + stage, 'tag'],
    ['YAML 1.1, which reads no as false', `%YAML 1.1\n---\n${stage}`, 'yaml-version'],
    ['an alias inside its own value', 'vars: &a { b: *a }\n' + stage, 'alias-cycle'],
    ['a merge of a map into itself', 'vars: &a { <<: *a }\n' + stage, 'alias-cycle'],
    ['a merge of a list into itself', 'vars: { a: &a [*a] }\n' + stage, 'alias-cycle'],
    ['an alias before its anchor', 'vars: { a: *b, b: &b 1 }\n' + stage, 'unknown-alias'],
    ['a merge of a number', 'vars: { <<: 1 }\n' + stage, 'bad-merge'],
    ['two merges in one map', 'vars: { x: &x { a: 1 }, y: { <<: *x, <<: *x } }\n' + stage, 'duplicate-key'],
    ['an infinite number', 'vars: { a: .inf }\n' + stage, 'not-finite'],
    ['no number', 'vars: { a: .nan }\n' + stage, 'not-finite'],
    ['a number that would be rounded', 'vars: { a: 12345678901234567890 }\n' + stage, 'inexact-number'],
    ['an empty file', '', 'empty'],
    ['only a comment', '# nothing\n', 'empty'],
    ['a list', '- a\n', 'wrong-type'],
    ['a text', 'hello', 'wrong-type'],
  ])('%s', (_, text, code) => {
    expect(codesOf(text)).toContain(code);
    expect(faultOf(text).at).toBeDefined();
  });

  test('aliases that expand to a billion values', () => {
    const bomb =
      `vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n` +
      `${many(9, (index) => `  a${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(', ')}]\n`)}` +
      `${stage}`;
    expect(codesOf(bomb)).toEqual(['too-large']);
  });

  test('vars that expand to a billion values', () => {
    const bomb =
      `vars:\n  a0: [x, x, x, x, x, x, x, x, x, x]\n` +
      `${many(9, (index) => `  a${index + 1}: [${Array(10).fill(`"\${vars.a${index}}"`).join(', ')}]\n`)}` +
      `stages: { a: { cmd: [echo], params: { x: "\${vars.a9}" } } }\n`;
    expect(codesOf(bomb)).toEqual(['too-large']);
  });

  test('vars that make a text of a billion characters', () => {
    const bomb =
      `vars:\n  a0: xxxxxxxxxx\n` +
      `${many(9, (index) => `  a${index + 1}: ${`\${vars.a${index}}`.repeat(10)}\n`)}${stage}`;
    expect(codesOf(bomb)).toEqual(['too-large']);
  });

  test('axes whose product is ten billion', () => {
    const axes = many(10, (index) => `x${index}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], `);
    expect(codesOf(`stages: { a: { matrix: { ${axes} }, cmd: [echo] } }`)).toEqual(['too-many-instances']);
  });

  test('thousands of duplicate names are reported, but not one by one', () => {
    const faults = faultsOf(`${stage}vars:\n${'  a: 1\n'.repeat(10_000)}`);
    expect(faults[0]).toBe('duplicate-key 4:3 a');
    expect(faults.length).toBeLessThanOrEqual(50);
  });

  test('10,000 misspelled names cost linear time: the nearest name is computed only when reported', () => {
    const vars = many(10_000, (index) => `v${index}: 1, `);
    const params = many(10_000, (index) => `p${index}: "\${vars.w${index}}", `);
    const { result } = planned(`vars: { ${vars} }\nstages: { a: { cmd: [echo], params: { ${params} } } }\n`);
    const faults = result.ok ? [] : result.error;
    expect(faults).toHaveLength(201);
    expect(faults[0]?.suggestion).toBe('v0');
    expect(faults.filter(({ suggestion }) => suggestion !== undefined).length).toBeLessThan(10);
  });

  test('1,000 nested outs are reported, but not a million pairs', () => {
    expect(
      faultsOf(
        'stages: { a: { cmd: [echo], outs: { ' +
          `${many(1_000, (index) => `o${index}: ${'x/'.repeat(index)}x, `)} } } }`,
      ),
    ).toHaveLength(201);
  });

  test('messages truncate long texts', () => {
    const digits = '9'.repeat(500_000);
    for (const value of [digits, `1e${digits}`, `"\${${digits}}"`, `!${digits} x`, `"\${vars.a${digits}}"`]) {
      expect(faultOf(`vars: { a: ${value} }\n${stage}`).message.length).toBeLessThan(1_000);
    }
  });

  test('a file may begin with 10,000 lines of comments', () => {
    expect(faultsOf(`${'# a note\n'.repeat(10_000)}${stage}`)).toEqual([]);
  });

  test('names of Object.prototype are ordinary names', () => {
    expect(
      faultsOf(
        'vars: { constructor: 1, toString: 2 }\n' +
          'stages: { hasOwnProperty: { matrix: { valueOf: [a] }, cmd: [echo, "${valueOf}", ' +
          '"${vars.constructor}"], deps: { constructor: x }, outs: { toString: o } } }',
      ),
    ).toEqual([]);
    expect(faultsOf('stages: { a: { cmd: [echo, "${constructor}"], constructor: 1 } }')).toEqual([
      'unknown-name 1:47 constructor',
    ]);
  });

  test('any text', () => {
    const pieces = fc.constantFrom(
      'stages:',
      'vars',
      ' a: ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '<<: ',
      '- ',
      '? ',
      '\n',
      '\n  ',
      '"',
      "'",
      '|\n',
      '>-\n',
      '${',
      '}',
      'cmd',
      'matrix',
      'from',
      ', ',
      '#',
      '!!str ',
      '---\n',
      '\t',
      '%YAML',
      'é',
      '\u0000',
      '\u2028',
      '1e999',
      '~',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        const { result, sources } = planned(text);
        for (const { at } of result.ok ? [] : result.error) {
          if (at !== undefined) expect(at.offset).toBeLessThanOrEqual(sources.get(at.file)?.length ?? -1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('a byte order mark and CR LF change nothing', () => {
    const text = '# Ünïcode\nstages:\n  a:\n    cmd: [echo]\n    outs: { o: ../x }\n';
    expect(faultsOf(text)).toEqual(['bad-path 5:16 ../x']);
    expect(faultsOf(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(['bad-path 5:16 ../x']);
  });
});
