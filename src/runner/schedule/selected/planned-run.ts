import type { Result } from '../../../result.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Event } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import type { Policy } from '../../manifest/decide.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Selected } from '../../plan/select.ts';
import type { ExistingOuts, RunRequest } from '../../run-request.ts';
import type { AssessedInstance } from '../../status/assess-all.ts';
import type { Session } from '../../status/session.ts';
import type { RunWatcher } from '../run-controls.ts';

/** The work to be done, with the current lists that matrices take values from. */
export interface PlannedRun {
  readonly session: Session;
  /** In the order of the plan. */
  readonly selected: Selected;
  /** Those that were named, which `--force` is about. */
  readonly policyOf: (instance: Instance) => Policy;
  /** Of those that were named. */
  readonly existingOutsOf: (instance: Instance) => ExistingOuts | undefined;
  /** Of the pipeline file. */
  readonly warnings: readonly Diagnostic[];
  /** Faults of the instances that the lists give. */
  readonly listFaults: readonly Diagnostic[];
  /** Of what is selected, if planning had to know it: nothing has run and nothing was restored since. */
  readonly assessments?: ReadonlyMap<InstanceId, AssessedInstance> | undefined;
}

/** What a run does besides its plan. */
export interface RunOptions {
  readonly request: RunRequest;
  /** Plans again: lists have been made. */
  readonly planAgain: () => Promise<Result<PlannedRun, readonly Diagnostic[]>>;
  readonly retryDelay: (attempt: number) => number;
  readonly watcher?: RunWatcher | undefined;
  /** What happened before the run began: downloads. Already passed on. */
  readonly earlierEvents: readonly Event[];
}
