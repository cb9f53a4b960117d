import { expect, test } from 'vitest';
import { diskProblem } from '../../src/runner/project/disk-problem.ts';
import { isFullDisk, roomHelp } from '../../src/runner/store/database/open-store.ts';

const failedWrite = (code: string): Error =>
  Object.assign(new Error(`${code}: failed, write`), { code, syscall: 'write', path: 'artifacts/a' });

test('a used-up quota counts as a full disk: it is called a quota, and the help says how to make room', () => {
  expect(isFullDisk(failedWrite('EDQUOT'))).toBe(true);
  expect(diskProblem(failedWrite('EDQUOT'))).toEqual({
    kind: 'disk',
    message: 'artifacts/a: the disk quota is used up',
    help: roomHelp,
  });
});

test.each(['ENOSPC', 'SQLITE_FULL'])('%s is a full disk', (code) => {
  expect(isFullDisk(failedWrite(code))).toBe(true);
});

test.each(['EIO', 'EACCES', 'EROFS', 'SQLITE_IOERR'])('%s is none: there is nothing to free', (code) => {
  expect(isFullDisk(failedWrite(code))).toBe(false);
  expect(diskProblem(failedWrite(code))).not.toHaveProperty('help');
});
