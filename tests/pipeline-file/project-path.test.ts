import fc from 'fast-check';
import { posix, win32 } from 'node:path';
import { describe, expect, test } from 'vitest';
import { outPathFault, projectPath } from '../../src/runner/pipeline-file/project-path.ts';
import { faultsOf } from './planned.ts';

const leaving = [
  '..',
  '../x',
  'a/../../x',
  'a/..',
  './..',
  'a/./../..',
  '../',
  '..//x',
  'a//..//..//x',
  '/',
  '/etc/passwd',
  '//server/share',
  '///x',
  '/../x',
  '\\x',
  '..\\x',
  'a\\..\\..\\x',
  'a/..\\../x',
  '..\\/x',
  '\\\\server\\share',
  '\\\\?\\C:\\x',
  'C:',
  'C:x',
  'C:/x',
  'c:\\x',
  'Z:../x',
  'C:..',
  '~',
  '~/x',
  '~root/x',
  '~+/x',
  'file:///etc/passwd',
  'https://example.org/x',
  's3://bucket/x',
  '..\0',
  '\0',
  'a\0/../x',
  '.. ',
  ' ..',
  '.. /x',
  '..\t/x',
  '. ./x',
  '...',
  '....',
  '.../x',
  '..../x',
  '. .',
  '%2e%2e/x',
  '%2E%2E/x',
  '.%2e/x',
  '%2e./x',
  '..%2fx',
  '..%5cx',
  '%2e%2e%2fx',
  '%252e%252e/x',
  '%c0%ae%c0%ae/x',
  '..%c0%afx',
  '%00',
  '..%00/x',
  '․․/x',
  '‥/x',
  '…/x',
  '．．/x',
  '﹒﹒/x',
  '。。/x',
  '｡｡/x',
  '..／x',
  '..∕x',
  '..⁄x',
  '..＼x',
  '..﹨x',
  '..⧸x',
  '.\u200B./x',
  '.\u200D./x',
  '\u2060../x',
  '.\u00AD./x',
  '\uFEFF../x',
  '..\u202E/x',
  '..\u00A0/x',
  '..\u3000/x',
  '',
  '.',
  './',
  './.',
  '././',
  'a\\b',
];

describe('a path that leaves the project is refused, as an out and as a dep', () => {
  test.each(leaving.map((path) => [JSON.stringify(path), path] as const))('%s', (_, path) => {
    expect(projectPath(path)).toMatchObject({ ok: false });
    const yaml = path === '' ? '""' : JSON.stringify(path);
    expect(faultsOf(`stages: { a: { cmd: [echo], outs: { o: ${yaml} } } }`)).toHaveLength(1);
    expect(
      faultsOf(`stages: { a: { cmd: [echo], outs: { o: { path: ${yaml}, workspace: true } } } }`),
    ).toHaveLength(1);
    expect(faultsOf(`stages: { a: { cmd: [echo], deps: { d: ${yaml} } } }`)).toHaveLength(1);
    expect(faultsOf(`stages: { a: { uses: ${yaml} } }`)).toHaveLength(1);
    expect(
      faultsOf(`stages: { a: { matrix: { x: [${yaml}] }, cmd: [echo], outs: { o: "\${x}" } } }`),
    ).toHaveLength(1);
  });

  test('more than sixty such paths', () => {
    expect(new Set(leaving).size).toBeGreaterThan(60);
  });

  test('an accepted path stays below the root on every system, and is normalized', () => {
    const part = fc.oneof(
      fc.constantFrom('a', '.', '..', ' ', '~', 'C:', '%2e', '．', 'x y', '-', '\u200B', '日本'),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('/', '\\', '//'), (parts, separator) => {
        const path = projectPath(parts.join(separator));
        if (!path.ok) return;
        expect(posix.relative('/root', posix.resolve('/root', path.value))).toBe(path.value);
        expect(win32.relative('C:\\root', win32.resolve('C:\\root', path.value))).not.toMatch(/^\.\.(\\|$)/);
        expect(projectPath(path.value)).toEqual(path);
      }),
      { numRuns: 5_000 },
    );
  });
});

test.each(['new\nline', 'tab\t', 'bell\u0007', 'turned\u202Etxt.exe', 'line\u2028separator'])(
  'a control character in a path is refused, by its code: %j',
  (text) => {
    expect(projectPath(text)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/holds the control character U\+[0-9A-F]{4}/),
    });
  },
);

describe('a path inside the project is accepted', () => {
  test.each([
    ['data/raw', 'data/raw'],
    ['./train.py', 'train.py'],
    ['data//raw/', 'data/raw'],
    ['a/./b', 'a/b'],
    ['.hidden', '.hidden'],
    ['a..b', 'a..b'],
    ['..a', '..a'],
    ['a b/c\'d"e', 'a b/c\'d"e'],
    ['-x', '-x'],
    ['é', 'é'],
    ['e\u0301', 'e\u0301'],
    ['数据/文件。txt', '数据/文件。txt'],
    ['100%', '100%'],
    ['a~', 'a~'],
    ['x ', 'x '],
  ])('%j', (text, plain) => {
    expect(projectPath(text)).toEqual({ ok: true, value: plain });
  });

  test.each(['x.', 'x ', 'con', 'NUL.txt', 'a/com1', 'a:b', 'a|b', 'a?'])(
    '%j is not a name for an out',
    (path) => {
      expect(outPathFault(path)).toBeDefined();
    },
  );

  test.each(['x.txt', 'console', 'a b', '.x', '数据'])('%j is one', (path) => {
    expect(outPathFault(path)).toBeUndefined();
  });
});

test('a dep outside the project is reported as such', () => {
  expect(
    faultsOf(
      'stages: { a: { cmd: [echo], deps: { d: { path: ../x, external: true }, e: { path: ' +
        '/data/y, external: true } } } }',
    ),
  ).toEqual([]);
});
