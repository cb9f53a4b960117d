import type { FailedOutcome, Outcome } from '../../event.ts';
import type { InstanceId, Key } from '../../identity.ts';
import type { Policy } from '../../manifest/decide.ts';
import type { Instance } from '../../plan/instance.ts';
import type { ExistingOuts } from '../../run-request.ts';
import type { AssessedInstance } from '../../status/assess-all.ts';
import type { Allotment } from '../allotment/allotment.ts';

/** What a run is asked to do, and what is known when it begins. */
export interface RunRules {
  policyOf(instance: Instance): Policy;
  /** The user's choice for files at the paths of its outs that no run made; undefined: they are kept. */
  existingOutsOf(instance: Instance): ExistingOuts | undefined;
  readonly keepGoing: boolean;
  readonly allotmentOf: (instance: Instance) => Allotment;
  /** Starts nothing: instances without a cached result are skipped. */
  readonly restoreOnly: boolean;
  /** Of earlier runs, whose keys are not tried again. */
  readonly failures: ReadonlyMap<Key, FailedOutcome>;
  /** How instances ended before, in the same run. */
  readonly ended: ReadonlyMap<InstanceId, Outcome>;
  /** The assessments of the instances at the start of the run. */
  readonly assessments: ReadonlyMap<InstanceId, AssessedInstance>;
}
