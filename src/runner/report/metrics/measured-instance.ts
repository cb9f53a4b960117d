import type { Value } from '../../../stage/context.ts';
import type { MetricValue, ResultState } from '../../answers/results.ts';

/** One row of the table: an instance with its axes, its params and its metrics. */
export interface MeasuredInstance {
  readonly instance: string;
  readonly state: ResultState;
  readonly adopted?: boolean;
  readonly axes: Readonly<Record<string, Value>>;
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, MetricValue>>;
  /** The metric by which it is the best. */
  readonly best?: string;
}

/** The names of all metrics, each once. */
export const metricNames = (measured: readonly MeasuredInstance[]): readonly string[] => [
  ...new Set(measured.flatMap(({ values }) => Object.keys(values))),
];

/** A metric may have the name of a method of objects. */
export const metricOf = ({ values }: MeasuredInstance, name: string): MetricValue | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;
