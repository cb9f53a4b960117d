import type { FileProblem } from '../files/file-problem.ts';
import { isJsonObject } from '../files/json.ts';
import { readJsonLines } from '../files/json-lines.ts';
import type { Result } from '../result.ts';

type Point = { readonly step: number; readonly value: number };

/**
 * The numbers of an out of kind `series`, by name: JSON Lines with a `step`. A line without one belongs to no
 * series.
 */
export async function readSeriesFile(
  path: string,
): Promise<Result<Readonly<Record<string, readonly Point[]>>, FileProblem>> {
  const series = new Map<string, Point[]>();
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const { value } = line.value;
    const step = isJsonObject(value) ? value['step'] : undefined;
    if (!isJsonObject(value) || typeof step !== 'number') continue;
    for (const [name, member] of Object.entries(value)) {
      if (name === 'step' || typeof member !== 'number') continue;
      const points = series.get(name) ?? [];
      points.push({ step, value: member });
      series.set(name, points);
    }
  }
  return { ok: true, value: Object.fromEntries(series) };
}
