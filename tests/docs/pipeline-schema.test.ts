import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pipelineSchema } from '../../src/runner/pipeline-file/shapes/pipeline-schema.ts';

test('docs/pipeline.schema.json equals the output of pipeline schema', () => {
  expect(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/pipeline.schema.json'), 'utf8')),
  ).toEqual(JSON.parse(JSON.stringify(pipelineSchema())));
});
