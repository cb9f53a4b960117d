import type { InstanceId } from '../identity.ts';

/** The memory that an instance takes at most, on its device. */
export type MemoryPlan =
  | {
      readonly kind: 'estimated';
      readonly instance: InstanceId;
      readonly device: 'cpu' | 'cuda';
      /** Bytes by purpose. */
      readonly parts: Readonly<Record<string, number>>;
      readonly total: number;
      /** What the machine or its GPU has; undefined: it is not known here. */
      readonly capacity: number | undefined;
      readonly lower: readonly string[];
    }
  /** The missing information. */
  | { readonly kind: 'unknown'; readonly instance: InstanceId; readonly message: string };
