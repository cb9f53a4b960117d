import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import {
  parseTree,
  serializeTree,
  treeChanges,
  treeDigest,
  type TreeItem,
} from '../../src/runner/manifest/tree.ts';

const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 5 })
  .filter((text) => !/[/\0]|\p{Surrogate}/u.test(text) && text !== '.' && text !== '..');
const items: fc.Arbitrary<readonly TreeItem[]> = fc
  .uniqueArray(
    fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    { maxLength: 8 },
  )
  .filter((paths) => paths.every((path) => !paths.some((other) => other.startsWith(`${path}/`))))
  .chain((paths) =>
    fc.tuple(
      ...paths.map((path) =>
        fc.oneof(
          fc.record({
            kind: fc.constant('file' as const),
            path: fc.constant(path),
            executable: fc.boolean(),
            digest: fc.string().map((text) => digestOf(text)),
          }),
          fc.record({ kind: fc.constant('symlink' as const), path: fc.constant(path), target: fc.string() }),
          fc.record({ kind: fc.constant('empty-folder' as const), path: fc.constant(path) }),
        ),
      ),
    ),
  );

const file = (path: string, text: string, executable = false): TreeItem => ({
  kind: 'file',
  path,
  executable,
  digest: digestOf(text),
});
const byPath = (tree: readonly TreeItem[]): readonly TreeItem[] =>
  tree.toSorted((a, b) => (a.path < b.path ? -1 : 1));

describe('the listing of a folder', () => {
  test('is pinned', () => {
    const tree: readonly TreeItem[] = [
      file('b/run.sh', '', true),
      { kind: 'symlink', path: 'c', target: '../x' },
      file('a "quoted"\nname', 'x'),
      { kind: 'empty-folder', path: 'b/empty' },
    ];
    expect(serializeTree(tree)).toBe(`tree 1
["f","a \\"quoted\\"\\nname","${digestOf('x')}"]
["d","b/empty"]
["x","b/run.sh","${digestOf('')}"]
["l","c","../x"]
`);
    expect(treeDigest([])).toBe(digestOf('tree 1\n'));
  });

  test('is read as it was written, in any order', () => {
    fc.assert(
      fc.property(items, (tree) => {
        expect(parseTree(serializeTree(tree))).toEqual({ ok: true, value: byPath(tree) });
        expect(treeDigest(tree.toReversed())).toBe(treeDigest(tree));
      }),
    );
  });

  test('differs for any two different folders', () => {
    fc.assert(
      fc.property(items, items, (a, b) => {
        expect(treeDigest(a) === treeDigest(b)).toBe(JSON.stringify(byPath(a)) === JSON.stringify(byPath(b)));
      }),
    );
  });

  const digest = digestOf('x');
  test.each([
    ['another format', 'tree 2\n'],
    ['nothing', ''],
    ['a cut end', `tree 1\n["f","a","${digest}"]`],
    ['a cut line', 'tree 1\n["f","a"\n'],
    ['no digest', 'tree 1\n["f","a","abc"]\n'],
    ['an unknown kind', 'tree 1\n["q","a"]\n'],
    ['a way out', `tree 1\n["f","../a","${digest}"]\n`],
    ['an absolute path', `tree 1\n["f","/a","${digest}"]\n`],
    ['a path through itself', `tree 1\n["f","a/./b","${digest}"]\n`],
    ['NUL', `tree 1\n["f","a\\u0000","${digest}"]\n`],
    ['a path twice', `tree 1\n["d","a"]\n["d","a"]\n`],
    ['the wrong order', `tree 1\n["d","b"]\n["d","a"]\n`],
    ['a file below a file', `tree 1\n["d","a"]\n["f","a/b","${digest}"]\n`],
    [
      'a file through a symbolic link, with others between',
      `tree 1\n["l","a","/etc"]\n["d","a!"]\n["f","a/b","${digest}"]\n`,
    ],
    ['a value that is no text', 'tree 1\n["d",1]\n'],
    ['too many values', 'tree 1\n["d","a","b","c"]\n'],
  ])('%s is refused', (_, text) => {
    expect(parseTree(text)).toMatchObject({ ok: false });
  });

  test('any text is read or refused, without an exception', () => {
    fc.assert(
      fc.property(items, fc.nat(), fc.string(), (tree, at, text) => {
        const whole = serializeTree(tree);
        parseTree(whole.slice(0, at % whole.length) + text + whole.slice(at % whole.length));
      }),
    );
  });

  test('differences between two listings are reported by path', () => {
    const before = [file('a', '1'), file('b', '1'), file('c', '1'), file('d', '1')];
    const after = [file('a', '1'), file('b', '2'), file('c', '1', true), file('e', '1')];
    expect(treeChanges(before, after)).toEqual([
      { kind: 'changed', path: 'b' },
      { kind: 'changed', path: 'c' },
      { kind: 'removed', path: 'd' },
      { kind: 'added', path: 'e' },
    ]);
    expect(treeChanges(before, before.toReversed())).toEqual([]);
  });
});
