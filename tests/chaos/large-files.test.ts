import { truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readContent } from '../../src/runner/workspace/read-content.ts';
import { bareWorkspace } from '../rig/bare-workspace.ts';

test('a file of three gigabytes is hashed without the memory', async () => {
  using workspace = bareWorkspace();
  writeFileSync(workspace.place('big'), '');
  truncateSync(workspace.place('big'), 3 * 2 ** 30 + 1);
  const before = process.memoryUsage().rss;
  const read = await readContent(workspace, 'big', { links: 'follow' });
  // From sha256sum (coreutils), of so many zero bytes.
  expect(read.ok && read.value?.content.digest).toBe('1527e02d5eba58a7c897e19f16ce73792d2aca31c036d878d437e05b2aec3b0f');
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
});
