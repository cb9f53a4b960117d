import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProject } from '../../src/runner/project/find-project.ts';
import { createRig } from '../rig/rig.ts';

test('a missing pipeline file: the nearest name is suggested, relative to the current folder', async () => {
  await using rig = await createRig();
  rig.write({
    'pipeline.yaml': { stages: {} },
    'experiments/mt5-base.yaml': {},
    'experiments/real-rows.yaml': {},
  });
  mkdirSync(join(rig.root, 'below'));
  const suggested = (file: string, folder = '') => {
    const found = findProject(join(rig.root, folder), file);
    return found.ok ? undefined : found.error.suggestion;
  };
  expect(
    [
      'pipelin.yaml',
      'mt5-base.yaml',
      'experiments/mt5-bse.yaml',
      'experiments/real-rows.yml',
      'nothing.yaml',
    ].map((file) => suggested(file)),
  ).toEqual([
    'pipeline.yaml',
    'experiments/mt5-base.yaml',
    'experiments/mt5-base.yaml',
    'experiments/real-rows.yaml',
    undefined,
  ]);
  expect(suggested('pipelin.yaml', 'below')).toBe('../pipeline.yaml');
  const status = await rig.pipeline('status', '-f', 'pipelin.yaml').result;
  expect(status).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'pipelin.yaml: no such file [no-project]\n  did you mean "pipeline.yaml"?',
    ),
  });
});

test('a pipeline.yml is not taken for a pipeline file, and the answer names it', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yml': { stages: {} } });
  const found = findProject(rig.root, undefined);
  expect(found).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('a pipeline.yml: rename') },
  });
});

test('compare reports that an instance has no predictions yet, or never will', async () => {
  await using rig = await createRig();
  rig.write({
    'pipeline.yaml': {
      stages: {
        train: { cmd: ['true'], outs: { model: 'model', log: 'log' } },
        eval: { cmd: ['true'], outs: { predictions: 'predictions.jsonl' } },
      },
    },
  });
  const compared = async (...names: readonly string[]) =>
    (await rig.pipeline('compare', ...names).result).stderr;
  expect(await compared('train', 'eval')).toBe(
    'error: train declares no out "predictions", only log, model\n',
  );
  expect(await compared('eval', 'train')).toBe(
    'error: eval has no out "predictions" yet: compute it with `pipeline run eval`\n',
  );
});

test.each([
  [['run', 'a', '--until', 'b'], '--only needs names, the other two take no names'],
  [['ask', 'a', ' '], 'the question is empty'],
])('%j is refused in words that say what is wrong', async (words, text) => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': { stages: {} } });
  const { code, stderr } = await rig.pipeline(...words).result;
  expect(code).toBe(2);
  expect(stderr).toContain(text);
});
