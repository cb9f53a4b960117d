import type { Value } from '../../stage/context.ts';
import type { InstanceId } from '../identity.ts';
import type { TreeChange } from './tree.ts';

/**
 * One field of the manifest that differs: its path ("params", "config", "learningRate"), the old and the new
 * value; undefined: the field is absent on that side.
 */
export interface Difference {
  readonly kind: 'changed';
  readonly field: readonly string[];
  readonly before: Value | undefined;
  readonly after: Value | undefined;
  /**
   * For a dep that is a folder on both sides, and for the code of a program: the files that differ, if both
   * listings were available.
   */
  readonly files?: readonly TreeChange[];
  /** Of a dep on a path: that path. */
  readonly path?: string;
  /** Of a dep that gathers: the names of its members as instances, by the canonical form of their axes. */
  readonly members?: Readonly<Record<string, string>>;
}

/** Why an instance runs. Never without one. */
export type Reason =
  | { readonly kind: 'no-result' }
  | Difference
  | { readonly kind: 'forced' }
  /** `verify --rerun` compares what it makes with its result. */
  | { readonly kind: 'verification' }
  /** The last attempt with this key failed, or was interrupted. */
  | { readonly kind: 'failed-before' }
  | { readonly kind: 'interrupted-before' }
  /** An earlier run submitted its job, which is still running or has ended since. */
  | { readonly kind: 'submitted-before' }
  /** An entry exists but an object of it is gone, or its bytes are wrong. */
  | { readonly kind: 'damaged'; readonly object: string; readonly path: string }
  /** Temp outs that were dropped are needed, by an instance that has to run or by the user. */
  | { readonly kind: 'dropped'; readonly outs: readonly string[]; readonly for?: InstanceId }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'not-cached' };
