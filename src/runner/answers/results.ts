import type { FileProblem } from '../../files/file-problem.ts';
import type { Value } from '../../stage/context.ts';
import type { InstanceId } from '../identity.ts';

/**
 * The state of a result, not of the instance's outputs in the project. `up-to-date`: computed from the
 * current inputs; `out-of-date`: the last one, from before a change; `not-cached`: what the last run wrote
 * and could not, or should not, cache.
 */
export type ResultState = 'up-to-date' | 'out-of-date' | 'not-cached';

/**
 * A number of a result: NaN and infinities too; a bigint where a JavaScript number would round an integer.
 */
export type MetricValue = number | bigint;

/**
 * The metrics of one instance: the numbers of its outs of kind `metrics`, nested names joined by ".", with
 * the name of the out before them where two outs have one name.
 */
export interface InstanceMetrics {
  readonly instance: InstanceId;
  readonly state: ResultState;
  /** No run computed the result: existing files were taken (`run --adopt`). */
  readonly adopted: boolean;
  /** Empty for a result that is out of date: its labels and params identify it. */
  readonly axes: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The params that the numbers were computed with; empty if they are unknown. */
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, MetricValue>>;
  /** The bounds that the files state, for those of `values` that have some. */
  readonly intervals?: Readonly<Record<string, readonly [low: number, high: number]>>;
  /**
   * Those whose bounds the files call a range: the least and the greatest of too few rows for an interval.
   */
  readonly ranges?: readonly string[];
  /** The numbers of rows of `values`, where the files have them. */
  readonly rows?: Readonly<Record<string, number>>;
  /** The metric, a name of `values`, by which it is the best: see `best` of the pipeline file. */
  readonly best?: string;
  /** Outs whose numbers cannot be read. */
  readonly faults: readonly FileProblem[];
}

/** The files that are an instance's result. */
export interface ResultFiles {
  readonly instance: InstanceId;
  readonly state: ResultState;
  /** Where the content of an out can be read, from the project root: outs that are files. */
  readonly files: Readonly<Record<string, string>>;
}
