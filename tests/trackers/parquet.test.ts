import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tableExporter } from '../../src/tracking/tables/table-exporter.ts';
import { sampleRun } from '../tracking/sample-run.ts';
import { fromPython, hasPackages } from './python.ts';

const read = `
import json, sys
import pyarrow.parquet as parquet
table = parquet.read_table(sys.argv[1])
print(json.dumps({'types': {field.name: str(field.type) for field in table.schema}, 'rows': table.num_rows,
  'models': sorted(set(table['model'].to_pylist()))}))
`;

test.skipIf(!hasPackages('pyarrow'))('pyarrow opens a folder of models as one table', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
  for (const run of [sampleRun, { ...sampleRun, id: 'fedcba9876543210', name: 'other', series: {} }]) {
    const written = await tableExporter(folder, 'parquet').write(run);
    if (!written.ok) throw new Error(written.error);
  }
  const time = 'timestamp[ms, tz=UTC]';
  const text = { id: 'string', model: 'string' };
  expect(fromPython(read, join(folder, 'metrics'))).toEqual({
    types: { ...text, source: 'string', instance: 'string', name: 'string', value: 'double', counted: time },
    rows: 8,
    models: ['other', 'train[aimc,lora]'],
  });
  expect(fromPython(read, join(folder, 'series'))).toEqual({
    types: { ...text, name: 'string', step: 'int64', value: 'double', at: time },
    rows: 4,
    models: ['train[aimc,lora]'],
  });
});
