import type { DifferentOut } from '../event.ts';
import type { InstanceId } from '../identity.ts';

export interface Verification {
  readonly objects: number;
  readonly bytes: number;
  /** The faults; empty: all is well. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

export interface RerunVerification {
  readonly instance: InstanceId;
  /** Outs whose bytes came out different; empty: the stage is deterministic as far as seen. */
  readonly different: readonly DifferentOut[];
}
