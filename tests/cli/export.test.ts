import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';
import { trainedPipeline } from '../tracking/trained-project.ts';

test('exports every model, prints where, and changes nothing in the project', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': trainedPipeline() });
  expect(await rig.pipeline('export', 'csv', 'out').result).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'error: no instance with an out of kind "model" has a result: compute one with `pipeline run`\n',
  });
  await rig.pipeline('run').result;
  const { code, stdout, stderr } = await rig.pipeline('export', 'csv', 'out').result;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.replaceAll(/[0-9a-f]{16}/g, 'ID')).toBe(
    [
      'exported 3 models:',
      '  base         out/models/ID.csv and 4 more',
      '  train[slow]  out/models/ID.csv and 4 more',
      '  train[fast]  out/models/ID.csv and 4 more',
      '',
    ].join('\n'),
  );
  expect(readdirSync(join(rig.root, 'out'))).toEqual([
    'metrics',
    'models',
    'params',
    'predictions',
    'series',
  ]);
  expect((await rig.pipeline('run').result).json['ran']).toEqual([]);
});

test('an unknown run and an unknown format are refused, and nothing is written', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': trainedPipeline() });
  expect(await rig.pipeline('export', 'csv', 'out', '--run', 'nowhere').result).toMatchObject({
    code: 2,
    stderr: 'error: there is no run "nowhere": `pipeline history` lists the runs\n',
  });
  expect((await rig.pipeline('export', 'excel', 'out').result).code).toBe(2);
  expect(rig.exists('out')).toBe(false);
});
