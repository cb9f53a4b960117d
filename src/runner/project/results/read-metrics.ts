import { readFile } from 'node:fs/promises';
import type { FileProblem } from '../../../files/file-problem.ts';
import { isJsonObject, type Json, readJson } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { type MeasuredNumber, measuredNumbers } from '../../../files/measured-numbers.ts';
import type { MetricValue } from '../../answers/results.ts';

/** One number of a metrics file: the names that lead to it, and its value with all digits. */
export interface Metric extends Omit<MeasuredNumber, 'value'> {
  readonly value: MetricValue;
}

/** The numbers of a document's maps; lists hold what belongs to a metric, as its interval. */
export async function readMetrics(file: string): Promise<Result<readonly Metric[], FileProblem>> {
  const read = await readJson(file);
  if (!read.ok) return read;
  const found: readonly Metric[] = measuredNumbers(read.value);
  return {
    ok: true,
    value: found.every(({ value }) => isExact(value))
      ? found
      : withAllDigits(found, await readFile(file, 'utf8')),
  };
}

/** Beyond 2^53 a JavaScript number may be another integer. */
const isExact = (value: MetricValue): boolean => !Number.isInteger(value) || Number.isSafeInteger(value);

/**
 * The same numbers, integers that a JavaScript number rounds with all their digits. In the text each of them
 * is made a string with a mark, so that its digits are still there when the text has been parsed.
 */
function withAllDigits(metrics: readonly Metric[], text: string): readonly Metric[] {
  let mark = 'digits';
  while (text.includes(mark)) mark += '.';
  const marked: Json = JSON.parse(
    text
      .replace(/^\uFEFF/, '')
      .replace(/"[^"\\]*(?:\\.[^"\\]*)*"|NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs, (found) => {
        if (found.startsWith('"')) return found;
        if (/[NI]/.test(found)) return '0';
        return /^-?\d{16,}$/.test(found) ? `"${mark}${found}"` : found;
      }),
  );
  return metrics.map((metric) => {
    const found = metric.path.reduce<Json | undefined>(
      (value, name) => (isJsonObject(value) ? value[name] : undefined),
      marked,
    );
    return typeof found === 'string' && found.startsWith(mark)
      ? { ...metric, value: exact(found.slice(mark.length)) }
      : metric;
  });
}

const exact = (digits: string): MetricValue =>
  Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
