import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { rememberedPlan, rememberPlan } from '../../src/runner/plan/remembered-plan.ts';
import type { SourceRequest } from '../../src/runner/pipeline-file/source-request.ts';

const example = readFileSync(join(import.meta.dirname, '../pipeline-file/example.yaml'), 'utf8');
const request = (
  files: Readonly<Record<string, string>>,
  overrides: readonly string[] = [],
  file = 'experiments/big.yaml',
): SourceRequest => ({
  file,
  overrides,
  readText: (path) => {
    const text = files[path];
    return text === undefined ? { ok: false, error: 'no such file' } : { ok: true, value: text };
  },
});
const files = {
  'pipeline.yaml': example,
  'experiments/big.yaml': 'extends: ../pipeline.yaml\nvars: { prompt: other }\n',
};
const asked = request(files, ['vars.model=x']);
const planned = planFile(asked);
if (!planned.result.ok) throw new Error('the example has no faults');
const remembered = rememberPlan(planned.result.value, planned.sources, asked, 'one');

describe('a remembered plan', () => {
  test('equals the plan, and the texts that its ranges point into', () => {
    expect(rememberedPlan(remembered, asked, 'one')).toStrictEqual(planned);
  });

  test.each<readonly [string, SourceRequest, string]>([
    ['another runner', asked, 'two'],
    [
      'another text of the file',
      request({ ...files, 'experiments/big.yaml': `${files['experiments/big.yaml']} ` }, ['vars.model=x']),
      'one',
    ],
    [
      'another text of what it extends',
      request({ ...files, 'pipeline.yaml': example.replace('seed: 42', 'seed: 43') }, ['vars.model=x']),
      'one',
    ],
    [
      'a file that is gone',
      request({ 'experiments/big.yaml': files['experiments/big.yaml'] }, ['vars.model=x']),
      'one',
    ],
    ['another --set', request(files, ['vars.model=y']), 'one'],
    ['no --set', request(files), 'one'],
    ['another file', request(files, ['vars.model=x'], 'pipeline.yaml'), 'one'],
  ])('is not used for %s', (_, other, runner) => {
    expect(rememberedPlan(remembered, other, runner)).toBeUndefined();
  });

  test('is not used when any byte of it was lost or changed', () => {
    for (const text of [
      '',
      '\n',
      '{}\n{}',
      'null\n',
      '[]\n',
      remembered.slice(0, -1),
      remembered.slice(1),
      remembered.replace('"seed":42', '"seed":41'),
      remembered.replace('\n', '\n '),
      `${remembered} `,
    ]) {
      expect(rememberedPlan(text, asked, 'one')).toBeUndefined();
    }
  });
});
