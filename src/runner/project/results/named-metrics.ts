import { join } from 'node:path';
import type { FileProblem } from '../../../files/file-problem.ts';
import type { MetricValue } from '../../answers/results.ts';
import type { Out } from '../../plan/instance.ts';
import { metricNames, type MetricsByOut } from './metric-names.ts';
import { type Metric, readMetrics } from './read-metrics.ts';

/**
 * Where the metrics of an instance are: its outs, and where their contents can be read, from the project
 * root.
 */
interface ResultOuts {
  readonly stage: string;
  readonly outs: Readonly<Record<string, Pick<Out, 'kind' | 'path'>>>;
  readonly files: Readonly<Record<string, string>>;
}

/** A metric with the name that tables have for it. */
interface NamedMetric extends Metric {
  readonly out: string;
  readonly name: string;
}

export interface NamedMetrics {
  readonly named: readonly NamedMetric[];
  /** The same by name. */
  readonly values: Readonly<Record<string, MetricValue>>;
  /** The bounds of those that have some, by the same names. */
  readonly intervals: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** Those whose bounds the file calls a range: the least and the greatest of too few rows. */
  readonly ranges: readonly string[];
  /** The numbers of rows, by the same names, if the file states them. */
  readonly rows: Readonly<Record<string, number>>;
  /** Outs whose numbers cannot be read. */
  readonly faults: readonly FileProblem[];
}

/** The metrics of results, in their order; a metric has the same name in all results of a stage. */
export async function namedMetrics(
  root: string,
  results: readonly ResultOuts[],
): Promise<readonly NamedMetrics[]> {
  const read = await Promise.all(results.map((result) => measuredOuts(root, result)));
  const nameOf = new Map(
    [...new Set(read.map(({ stage }) => stage))].map((stage) => [
      stage,
      metricNames(read.filter((other) => other.stage === stage).map(({ metrics }) => metrics)),
    ]),
  );
  return read.map(({ stage, metrics, faults }) => {
    const named = [...metrics].flatMap(([out, numbers]) =>
      numbers.map((metric): NamedMetric => {
        const name = nameOf.get(stage)?.(out, metric.path) ?? metric.path.join('.');
        return { ...metric, out, name };
      }),
    );
    return {
      named,
      values: Object.fromEntries(named.map(({ name, value }) => [name, value])),
      intervals: Object.fromEntries(
        named.flatMap(({ name, interval }) => (interval === undefined ? [] : [[name, interval]])),
      ),
      ranges: named.flatMap(({ name, isRange }) => (isRange === true ? [name] : [])),
      rows: Object.fromEntries(named.flatMap(({ name, rows }) => (rows === undefined ? [] : [[name, rows]]))),
      faults,
    };
  });
}

/** The numbers in a result's outs of kind `metrics`. */
async function measuredOuts(
  root: string,
  { stage, outs, files }: ResultOuts,
): Promise<{
  readonly stage: string;
  readonly metrics: MetricsByOut;
  readonly faults: readonly FileProblem[];
}> {
  const metrics = new Map<string, readonly Metric[]>();
  const faults: FileProblem[] = [];
  for (const [out, { kind, path }] of Object.entries(outs)) {
    const file = kind === 'metrics' ? files[out] : undefined;
    if (file === undefined) continue;
    const read = await readMetrics(join(root, file));
    if (!read.ok) faults.push({ ...read.error, path });
    else if (read.value.length === 0)
      faults.push({
        path,
        message: 'holds no metrics: expected a map of numbers, as {"loss": 0.5}; lists are ignored',
      });
    else metrics.set(out, read.value);
  }
  return { stage, metrics, faults };
}
