import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';

const root = join(import.meta.dirname, '../..');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

const pipelines = [
  'pipeline.yaml',
  ...readdirSync(join(root, 'experiments')).map((name) => `experiments/${name}`),
].map((file) => {
  const { result } = planFile({
    file,
    overrides: [],
    readText: (path) => ({ ok: true, value: textOf(path) }),
  });
  if (!result.ok) throw new Error(result.error.map(({ message }) => `${file}: ${message}`).join('\n'));
  return { file, plan: result.value };
});

test.each(['README.md', 'docs/getting-started.md', 'docs/parity.md'])(
  'every result in %s comes from a pipeline file of this repository',
  (page) => {
    const named = [...textOf(page).matchAll(/artifacts\/([\w-]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !pipelines.some(({ plan }) => plan.pipeline === name))).toEqual([]);
  },
);

test('every kind of model in docs/parity.md is an instance of its experiment', () => {
  const made = pipelines.flatMap(({ plan }) => plan.instances.map(({ id }) => id));
  const checked = [...textOf('docs/parity.md').matchAll(/^ {4}(\w+,\w+) +(?:model|adapter) /gm)].map(
    ([, name]) => `eval[${name}]`,
  );
  expect(checked.length).toBeGreaterThan(20);
  expect(checked.filter((id) => !made.some((other) => other === id))).toEqual([]);
});

test('no pipeline file of this repository reads outside of it', () => {
  const paths = pipelines.flatMap(({ plan }) =>
    plan.instances.flatMap(({ deps }) =>
      Object.values(deps).flatMap((dep) => (dep.kind === 'path' ? [dep.path] : [])),
    ),
  );
  expect(paths.filter((path) => path.startsWith('/') || path.startsWith('..'))).toEqual([]);
});
