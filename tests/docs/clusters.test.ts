import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { executorsShape } from '../../src/runner/pipeline-file/shapes/executor-shape.ts';
import { parseMachineFile } from '../../src/runner/pipeline-file/machine-file.ts';
import { planFile } from '../../src/runner/plan/plan-file.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/clusters.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');

test.each(blocks)('an example of docs/clusters.md is valid: %s', (text) => {
  if (text.startsWith('name: ')) {
    const request = {
      file: 'pipeline.yaml',
      overrides: [],
      readText: () => ({ ok: true, value: text }) as const,
    };
    expect(planFile(request).result).toMatchObject({ ok: true });
  } else {
    const faults: string[] = [];
    parseMachineFile('pipeline.machine.yaml', text, ({ message }) => faults.push(message));
    expect(faults).toEqual([]);
  }
});

test('the page names every setting of an executor', () => {
  const settings = JSON.stringify(executorsShape(/x/).schema).matchAll(/"(\w+)":\{"description"/g);
  const names = [...new Set([...settings].map(([, name = '']) => name))];
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
