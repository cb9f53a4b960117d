import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { pipelineSchema } from '../../src/runner/pipeline-file/shapes/pipeline-schema.ts';
import { faultsOf } from './planned.ts';

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(pipelineSchema());
const accepts = (text: string): boolean => validate(parse(text, { merge: true }));

const good = readFileSync(join(import.meta.dirname, 'example.yaml'), 'utf8');

test('the schema and the checks accept the same example', () => {
  expect(faultsOf(good)).toEqual([]);
  expect(accepts(good)).toBe(true);
});

test.each<readonly [string, string, string]>([
  ['a misspelt name', 'uses: stages/eval.ts', 'use: stages/eval.ts'],
  ['a misspelt name at the top', 'vars:', 'vers:'],
  ['a wrong type', 'cache: false', 'cache: 0'],
  ['frozen that is no truth value', 'frozen: true', 'frozen: 1'],
  ['a condition on a map', 'config: gs_1,', 'config: { r: 24 },'],
  ['a condition without values', 'not: [huatuo]', 'not: []'],
  ['optional that is no truth value', 'optional: true', 'optional: 1'],
  ['a wrong kind', 'kind: metrics', 'kind: metric'],
  ['a bad name of an out', 'outs: { x: x.txt }', 'outs: { x.y: x.txt }'],
  ['a bad resource', 'cpus: 2', 'cpus: 0.5'],
  ['a bad timeout', 'timeout: 2h', 'timeout: 2 hours'],
  ['env that is no list', 'env: [SEED]', 'env: SEED'],
  [
    'a join without out',
    'deps: { metrics: { from: eval, out: metrics } }',
    'deps: { metrics: { from: eval } }',
  ],
])('%s is refused by both', (_, before, after) => {
  expect(good).toContain(before);
  const bad = good.replace(before, after);
  expect(faultsOf(bad)).not.toEqual([]);
  expect(accepts(bad)).toBe(false);
});

test('every name has a description for editors', () => {
  const bare: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const properties: unknown = Reflect.get(value, 'properties');
    if (typeof properties === 'object' && properties !== null)
      for (const [name, property] of Object.entries(properties))
        if (typeof property !== 'object' || property === null || !('description' in property))
          bare.push(`${path}.${name}`);
    for (const [name, member] of Object.entries(value)) visit(member, `${path}.${name}`);
  };
  visit(pipelineSchema(), '');
  expect(bare).toEqual([]);
});
