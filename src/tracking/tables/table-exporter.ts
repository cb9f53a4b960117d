import { join } from 'node:path';
import { fileProblemText } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Exporter } from '../exporter.ts';
import { runTables } from './run-tables.ts';
import type { Table } from './table.ts';

export type TableFormat = 'csv' | 'jsonl' | 'parquet';

/**
 * Tables as folders with a file a model, `metrics/<id>.csv`, which readers of data sets open as one: a model
 * that is exported again replaces its own files and no others.
 */
export const tableExporter = (folder: string, format: TableFormat): Exporter => ({
  async write(run) {
    const encode = await encoderOf(format);
    const files: string[] = [];
    for (const table of runTables(run)) {
      const path = join(folder, table.name, `${run.id}.${format}`);
      const written = await writeFileAtomically(path, encode(table));
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
      files.push(path);
    }
    return { ok: true, value: files };
  },
});

async function encoderOf(format: TableFormat): Promise<(table: Table) => string | Uint8Array> {
  switch (format) {
    case 'csv':
      return (await import('./table-text.ts')).csvText;
    case 'jsonl':
      return (await import('./table-text.ts')).jsonLinesText;
    case 'parquet':
      return (await import('./parquet-bytes.ts')).parquetBytes;
  }
}
