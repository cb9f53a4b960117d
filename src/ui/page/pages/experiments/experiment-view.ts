import type { ExperimentRow } from './experiment-rows.ts';

/** What every view of the experiments shows. */
export interface ExperimentView {
  readonly rows: readonly ExperimentRow[];
  readonly settings: readonly string[];
  readonly metrics: readonly string[];
  /** The shortest name of a metric or a setting that is clear. */
  readonly short: (name: string) => string;
  readonly query: URLSearchParams;
}
