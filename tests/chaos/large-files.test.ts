import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readContent } from '../../src/runner/workspace/read-content.ts';
import { bareWorkspace } from '../rig/bare-workspace.ts';
import { createRig } from '../rig/rig.ts';

const size = 3 * 2 ** 30 + 1;

test('a file of 3 GB is hashed in constant memory', async () => {
  using workspace = bareWorkspace();
  writeFileSync(workspace.place('big'), '');
  truncateSync(workspace.place('big'), size);
  const before = process.memoryUsage().rss;
  const read = await readContent(workspace, 'big', { links: 'follow' });
  // From sha256sum (coreutils), of so many zero bytes.
  expect(read.ok && read.value?.content.digest).toBe(
    '1527e02d5eba58a7c897e19f16ce73792d2aca31c036d878d437e05b2aec3b0f',
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
});

test('3 GB pass through a run, into the cache and out of it, in constant memory', async () => {
  await using rig = await createRig();
  const end = rig.puppet();
  rig.write({
    big: '',
    'pipeline.yaml': {
      stages: {
        copy: {
          cmd: ['cp', '--sparse=always', '${deps.big}', '${outs.big}'],
          deps: { big: 'big' },
          outs: { big: 'big' },
        },
        end: { cmd: end.cmd, deps: { big: { from: 'copy', out: 'big' } }, outs: { o: 'o' } },
      },
    },
  });
  truncateSync(join(rig.root, 'big'), size);
  const run = rig.process('run');
  const started = await end.nextStart();
  const peak = Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'))?.[1]);
  await started.exit(0, { o: 'end' });
  expect((await run.result).json).toMatchObject({ ran: ['copy', 'end'] });
  console.log(`3 GB: the runner had ${Math.round(peak / 1024)} MB at most`);
  expect(peak).toBeLessThan(150_000);
  rmSync(join(rig.root, 'artifacts/pipeline/copy'), { recursive: true });
  expect((await rig.process('run').result).json).toMatchObject({
    restored: ['copy'],
    'up-to-date': ['end'],
  });
  expect(statSync(join(rig.root, 'artifacts/pipeline/copy/big')).size).toBe(size);
});
