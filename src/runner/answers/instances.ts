import type { Value } from '../../stage/context.ts';
import type { AwaitedInstances, DisplacedOut, Failure, Origin } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Reason } from '../manifest/reason.ts';
import type { Ignored } from '../manifest/tree.ts';
import type { OutKind } from '../pipeline-file/pipeline.ts';

export interface InstanceStatus {
  readonly instance: InstanceId;
  readonly state:
    | 'up-to-date'
    | 'restorable'
    | 'out-of-date'
    | 'waiting'
    | 'failed'
    | 'interrupted'
    | 'running'
    /** Its job is in a queue, or ended there: the next run sees to its result. */
    | 'submitted';
  readonly because: readonly Reason[];
  /** Outs that differ from its result, and will be restored. */
  readonly displaced: readonly DisplacedOut[];
  /** Temp outs, by name, whose bytes were dropped; absent: none. */
  readonly dropped?: readonly string[];
  /** No run computed its result: existing files were taken (`run --adopt`). */
  readonly adopted: boolean;
  /** Its stage is frozen: its last result is used, even if its inputs changed. */
  readonly frozen?: true;
  /** The device that made its result, where the instance would compute on the CPU here. */
  readonly madeOn?: 'cuda';
  /** Deps that are not on this machine: they count as they did in the last result. */
  readonly unchecked: readonly string[];
  /** The instances that have to run first. */
  readonly after: readonly InstanceId[];
  /** Why its state is unknown. */
  readonly fault: string | undefined;
  /** When its last result was made, milliseconds since the epoch. */
  readonly at: number | undefined;
}

export interface Status {
  readonly pipeline: string;
  readonly instances: readonly InstanceStatus[];
  /** What comes from lists that are not known, or will be made again. */
  readonly awaited: readonly AwaitedInstances[];
  /** Results and files in the project that no pipeline file names any more; `gc` deletes them. */
  readonly unnamed: readonly { readonly instance: string; readonly path: string }[];
}

/** What has changed since the last result of a frozen instance. */
export interface SinceResult {
  readonly changed: readonly Reason[];
  /** Why not all of it could be compared. */
  readonly fault?: string;
}

export interface Explanation {
  readonly instance: InstanceId;
  readonly state: InstanceStatus['state'];
  readonly adopted: boolean;
  /** As in the status. */
  readonly frozen?: true;
  /** As in the status. */
  readonly madeOn?: 'cuda';
  /** For a frozen instance with a result. */
  readonly sinceResult?: SinceResult;
  /** Undefined while a dep's content is not known. */
  readonly key: Key | undefined;
  readonly because: readonly Reason[];
  /** Outs that differ from their result, and will be restored. */
  readonly displaced: readonly DisplacedOut[];
  /** As in the status. */
  readonly dropped?: readonly string[];
  /** The instances that have to run before the key is known. */
  readonly after: readonly InstanceId[];
  /** How its last attempt failed, where that is its state. */
  readonly failure: Failure | undefined;
  /** Why its state is unknown: a missing dep, a program that cannot be read. */
  readonly fault: string | undefined;
  /** Ignored files in the folders that it reads, and the rule for each. */
  readonly ignored: readonly Ignored[];
  /** The maker of its result, if it came from the shared cache. */
  readonly origin: Origin | undefined;
  /** The current manifest, as a plain value. */
  readonly manifest: Value | undefined;
}

export interface Graph {
  readonly pipeline: string;
  readonly instances: readonly {
    readonly instance: InstanceId;
    readonly stage: string;
    readonly description: string;
    /** As in the status. */
    readonly frozen?: true;
  }[];
  readonly edges: readonly { readonly from: InstanceId; readonly to: InstanceId }[];
  /** What comes from lists that no run has made yet. */
  readonly awaited: readonly AwaitedInstances[];
  /** What `when` leaves out, and the condition that does not hold. */
  readonly leftOut: readonly {
    readonly instance: InstanceId;
    readonly stage: string;
    readonly condition: string;
  }[];
}

/** An out that an instance declares. */
export interface Artifact {
  readonly instance: InstanceId;
  readonly out: string;
  readonly path: string;
  readonly kind: OutKind;
  /** Whether it is there. */
  readonly there: boolean;
}
