import type { InstanceId } from '../identity.ts';
import type { InstanceMetrics, ResultFiles } from './results.ts';

/** The results file that was written, `results.json` beside `pipeline.yaml`. */
export interface WrittenResults {
  /** From the project root. */
  readonly file: string;
  readonly instances: number;
  /** Whether it differs from the previous file. */
  readonly changed: boolean;
  /** Instances without a result that is up to date: they are left out. */
  readonly leftOut: readonly InstanceId[];
}

/** How the results file differs from the project's current results. */
export interface ResultsCheck {
  readonly file: string;
  /** Of the same manifest, with the same metrics. */
  readonly same: number;
  /** Of a manifest that differs only in the platform. */
  readonly platformOnly: readonly InstanceId[];
  readonly differences: readonly ResultsDifference[];
}

/**
 * `changed`: its inputs changed. `metrics`: the numbers in the file differ from those of the result.
 * `missing`: the file has no line for it. `gone`: it is no longer in the pipeline file. `unknown`: a
 * dependency has no result here, so its manifest is unknown.
 */
export interface ResultsDifference {
  readonly instance: string;
  readonly kind: 'changed' | 'metrics' | 'missing' | 'gone' | 'unknown';
}

/** The metrics of a commit. */
export interface MetricsAtCommit {
  /** Seven digits of it. */
  readonly commit: string;
  readonly metrics: readonly InstanceMetrics[];
}

/** Where the results of a commit can be read. */
export interface ResultsAt {
  /** Seven digits of the commit. */
  readonly commit: string;
  readonly results: readonly ResultFiles[];
  /** Instances whose results are known, and not in the cache any more. */
  readonly evicted: readonly InstanceId[];
}
