import { evict } from '../../cache/evict.ts';
import type { Outcome } from '../../event.ts';
import type { Gpu } from '../../executors/executor.ts';
import type { Reason } from '../../manifest/reason.ts';
import type { Instance } from '../../plan/instance.ts';
import type { ExistingOuts } from '../../run-request.ts';
import type { Assessment } from '../../status/assess.ts';
import { nameChanges } from '../../status/name-changes.ts';
import { executeInstance } from '../attempt/execute-instance.ts';
import { adoptOuts } from '../outs/adopt-outs.ts';
import type { Run } from '../run.ts';
import { restoreEntry } from './restore-entry.ts';
import type { Turns } from './turns.ts';

interface Turn {
  readonly gpus: readonly Gpu[];
  readonly existing: ExistingOuts | undefined;
  readonly turns: Turns;
}

/**
 * Acts on an assessment. `damaged`: the result turned out to be damaged when it was to be restored; assess
 * again.
 */
export async function restoreOrRun(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  { gpus, existing, turns }: Turn,
): Promise<Outcome | 'damaged'> {
  const { key, decision, lookup } = assessment;
  run.changes.count += 1;
  const overwrite = existing === 'overwrite';
  if (existing === 'adopt' && isAdoptable(assessment)) return adoptOuts(run, instance, assessment);
  if (decision.kind === 'restore')
    return restoreEntry(run, instance, decision.entry, assessment, { overwrite });
  const failedBefore = turns.failed.get(key);
  if (failedBefore !== undefined) return { ...failedBefore, seconds: 0, tail: [], before: true };
  if (lookup.kind === 'damaged') await evict(run.session, key, lookup.object);
  const because = await nameChanges(run.session, instance, decision.because, assessment.inputs);
  if (run.stop.isStopping()) return { kind: 'skipped' };
  const outcome = await executeInstance(run, {
    instance,
    assessment,
    because,
    forced: isForced(decision.because),
    overwrite,
    gpus,
  });
  if (outcome.kind === 'failed') turns.failed.set(key, outcome);
  return outcome;
}

const isForced = (because: readonly Reason[]): boolean => because.some(({ kind }) => kind === 'forced');

/**
 * Existing files are adopted if there is no result, or if it is displaced and none of its outs is missing.
 */
const isAdoptable = ({ decision, displaced }: Assessment): boolean =>
  decision.kind === 'run' || (displaced.length > 0 && displaced.every(({ was }) => was !== 'missing'));
