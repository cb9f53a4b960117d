import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('parents are created too, and the first created folder is reported', () => {
  expect(makeFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
  expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
  expect(makeFolder(join(folder, 'a/b/c'))).toBeUndefined();
  expect(makeFolder(join(folder, 'a/d'))).toBe(join(folder, 'a/d'));
});

test('a link to a folder counts as one; a file or a dangling link is reported as existing', () => {
  symlinkSync(folder, join(folder, 'here'));
  expect(makeFolder(join(folder, 'here'))).toBeUndefined();
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const name of ['file', 'dangling'])
    expect(() => makeFolder(join(folder, name))).toThrow(
      expect.objectContaining({ code: 'EEXIST', syscall: 'mkdir' }),
    );
  expect(() => makeFolder(join(folder, 'file/below'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  expect(() => makeFolder(join(folder, 'dangling/below'))).toThrow(
    expect.objectContaining({ code: 'EEXIST', path: join(folder, 'dangling') }),
  );
});
