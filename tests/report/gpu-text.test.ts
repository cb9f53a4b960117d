import { expect, test } from 'vitest';
import type { InstanceId } from '../../src/runner/identity.ts';
import { gpuWaitText } from '../../src/runner/report/gpu-text.ts';

test('a wait for the GPU of another run says whose it is and for how long, without control characters', () => {
  const by = { user: 'ann', pid: 812, project: '/home/ann/\u001b[2J', run: '3', instance: 'train', since: 0 };
  expect(
    gpuWaitText({
      kind: 'waiting-for-gpu',
      at: 725_000,
      instance: 'a' as InstanceId,
      holders: [],
      others: [],
      otherRuns: [{ gpu: '0', by }, { gpu: '1' }],
    }),
  ).toBe(
    'waits for a GPU: train of /home/ann/\\u{1b}[2J has had GPU 0 for 12 min 05 s (run 3, pid 812, user ann); ' +
      'another run has GPU 1',
  );
});
