import { isJsonObject } from '../../src/files/json.ts';
import { readJsonLines } from '../../src/files/json-lines.ts';
import type { FileProblem } from '../../src/files/file-problem.ts';
import type { Result } from '../../src/result.ts';

/** Places, from 0, of the test rows that a file of leaks lists; its rows count from 1. */
export async function readLeaks(path: string): Promise<Result<ReadonlySet<number>, FileProblem>> {
  const places = new Set<number>();
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const row = isJsonObject(line.value.value) ? line.value.value['test_row'] : undefined;
    if (typeof row !== 'number' || !Number.isInteger(row) || row < 1)
      return {
        ok: false,
        error: { path, line: line.value.line, message: 'expected "test_row" to be a row, from 1 on' },
      };
    places.add(row - 1);
  }
  return { ok: true, value: places };
}
