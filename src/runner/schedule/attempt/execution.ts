import type { Outcome } from '../../event.ts';
import type { Gpu } from '../../executors/executor.ts';
import type { Reason } from '../../manifest/reason.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import type { Run } from '../run.ts';

/** An instance that is to run, and how. */
export interface Work {
  readonly instance: Instance;
  readonly assessment: Assessment;
  readonly because: readonly Reason[];
  /** It starts from the beginning, without the checkpoint and without the job of an earlier run. */
  readonly forced: boolean;
  /** Whether files at the paths of its outs may be overwritten, though no run made them. */
  readonly overwrite: boolean;
  readonly gpus: readonly Gpu[];
}

/** Work on its way: what all attempts at it share. */
export interface Execution extends Work {
  readonly run: Run;
  /** Aborts when the result is no longer needed. */
  readonly cancelled: AbortSignal;
  /** How long it has taken so far, with all attempts. */
  seconds(): number;
}

/** The end of an instance that was stopped before it had a result. */
export const interrupted = ({ seconds }: Execution): Extract<Outcome, { readonly kind: 'interrupted' }> => ({
  kind: 'interrupted',
  seconds: seconds(),
});
