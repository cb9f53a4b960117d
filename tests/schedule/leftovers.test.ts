import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';

test('unfinished files of a killed run are removed by the next; files of others stay', async () => {
  await using rig = await createRig();
  const puppet = rig.puppet();
  rig.write({
    'pipeline.yaml': {
      stages: { a: { cmd: puppet.cmd, outs: { o: 'o', w: { path: 'build/w.txt', workspace: true } } } },
    },
  });
  const run = rig.process('run');
  const started = await puppet.nextStart();
  const partial = '.partial-0123456789abcdef';
  const leftovers = [
    `cache/scratch/${partial}/x`,
    `cache/objects/ab/${partial}`,
    `cache/bundles/${partial}`,
    `artifacts/pipeline/a/${partial}`,
    `build/${partial}`,
  ];
  rig.write(Object.fromEntries([...leftovers, 'build/.partial-mine'].map((path) => [path, 'x'])));
  run.kill('SIGKILL');
  await run.result;
  await started.gone;
  const again = rig.process('run');
  const next = await puppet.nextStart();
  expect(leftovers.filter((path) => rig.exists(path))).toEqual([]);
  expect(rig.exists('build/.partial-mine')).toBe(true);
  await next.exit(0, { o: 'x', w: 'y' });
  expect((await again.result).code).toBe(0);
});
