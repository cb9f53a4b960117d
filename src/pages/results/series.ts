import { isJsonObject } from '../../files/json.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { CurvePoint } from '../result-answers.ts';

export interface FiledSeries {
  readonly series: Readonly<Record<string, readonly CurvePoint[]>>;
  readonly epochs: ReadonlyMap<number, number>;
}

/** Files of series: JSON Lines, each with a step and numbers. Other lines are skipped. */
export async function readSeries(files: readonly string[]): Promise<FiledSeries> {
  const series: Record<string, CurvePoint[]> = {};
  const epochs = new Map<number, number>();
  for (const file of files)
    for await (const line of readJsonLines(file)) {
      if (!line.ok || !isJsonObject(line.value.value)) continue;
      const { step, epoch, ...values } = line.value.value;
      if (typeof step !== 'number') continue;
      if (typeof epoch === 'number') epochs.set(step, epoch);
      for (const [each, value] of Object.entries(values))
        if (typeof value === 'number')
          (series[each] ??= []).push({ step, value, epoch: typeof epoch === 'number' ? epoch : undefined });
    }
  return { series, epochs };
}
