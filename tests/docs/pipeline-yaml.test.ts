import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { pipelineShape } from '../../src/runner/pipeline-file/shapes/pipeline-shape.ts';
import { stageShape } from '../../src/runner/pipeline-file/shapes/stage-shape.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/pipeline-yaml.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
/** What stands there is a file of its own; the page's other blocks are parts of one. */
const whole = blocks.filter((block) => block.startsWith('name: '));
const [extending = ''] = blocks.filter((block) => block.startsWith('extends: '));
const [added = ''] = blocks.filter((block) => block.startsWith('  table:'));
const grid = whole.find((block) => block.startsWith('name: vocabulary')) ?? '';

test.each([...whole, grid + added].map((text) => [text.split('\n', 1)[0], text]))(
  'the example "%s" of docs/pipeline-yaml.md is valid',
  (_, text) => {
    expect(instancesOf({ 'pipeline.yaml': text }, 'pipeline.yaml')).not.toEqual([]);
  },
);

test('the example with `extends` has the instances shown on the page', () => {
  const instances = instancesOf(
    { 'pipeline.yaml': grid + added, 'experiments/sizes.yaml': extending },
    'experiments/sizes.yaml',
  );
  expect(instances).toEqual(['split[tea]', 'fit[tea,w5]', 'fit[tea,w10]', 'score[tea,w5]', 'score[tea,w10]']);
});

test('the page lists every key of a file and of a stage', () => {
  for (const { schema } of [pipelineShape, stageShape]) {
    for (const name of Object.keys(schema['properties'] ?? {})) expect(page).toContain(`\`${name}\``);
  }
});

function instancesOf(files: Readonly<Record<string, string>>, file: string): readonly string[] {
  const { result } = planFile({
    file,
    overrides: [],
    readText: (path) =>
      files[path] === undefined ? { ok: false, error: 'no such file' } : { ok: true, value: files[path] },
  });
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'));
  return result.value.instances.map(({ id }) => id);
}
