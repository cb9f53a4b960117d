import type { FileProblem } from '../../files/file-problem.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { Result } from '../../result.ts';
import { type Row, rowOf } from './row.ts';

/**
 * The rows of a formatted data set (JSON Lines of `human` and `assistant`). The first line that is not a row
 * is the problem.
 */
export async function readRows(path: string): Promise<Result<readonly Row[], FileProblem>> {
  const rows: Row[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const row = rowOf(line.value.value);
    if (!row.ok)
      return {
        ok: false,
        error: { path, line: line.value.line, message: `${row.error.reason}: ${row.error.detail}` },
      };
    rows.push(row.value);
  }
  return { ok: true, value: rows };
}
