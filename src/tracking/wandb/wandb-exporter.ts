import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../files/digest.ts';
import { fileProblemText } from '../../files/file-problem.ts';
import { jsonText } from '../../files/json-text.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Exporter } from '../exporter.ts';
import type { PredictionTable, TrackerRun } from '../tracker-run.ts';
import { logFile } from './log-file.ts';
import { runRecords, type TableFile } from './run-records.ts';

/** Offline runs of Weights & Biases, which `wandb sync` uploads. The project is named as the pipeline. */
export const wandbExporter = (folder: string, pipeline: string): Exporter => ({
  async write(run) {
    const place = join(folder, 'wandb', await folderOf(join(folder, 'wandb'), run));
    const tables: TableFile[] = [];
    for (const table of run.predictions) {
      const { file, text } = tableFile(table);
      const written = await writeFileAtomically(join(place, 'files', file.path), text);
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
      tables.push(file);
    }
    const path = join(place, `run-${run.id}.wandb`);
    const written = await writeFileAtomically(path, logFile(runRecords(run, pipeline, tables)));
    return written.ok ? { ok: true, value: [path] } : { ok: false, error: fileProblemText(written.error) };
  },
});

/** That of an earlier export; else named by when the model was made, in UTC. */
async function folderOf(folder: string, { id, startedAt = 0 }: TrackerRun): Promise<string> {
  const known = (await readdir(folder).catch(() => [])).find((name) => name.endsWith(`-${id}`));
  const time = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
  return known ?? `offline-run-${time}-${id}`;
}

/** The rows as the table of a panel reads them: columns, and data a row. */
function tableFile({ source, rows }: PredictionTable): { readonly file: TableFile; readonly text: string } {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const data = rows.map((row) => columns.map((column) => row[column] ?? null));
  const text = jsonText({ columns, data });
  const path = `media/table/${source.replaceAll(/[^\w.-]+/g, '-')}/answers.table.json`;
  return {
    text,
    file: {
      name: `${source}/answers`,
      path,
      sha256: digestOf(text),
      size: Buffer.byteLength(text),
      columns: columns.length,
      rows: rows.length,
    },
  };
}
