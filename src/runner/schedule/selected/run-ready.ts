import type { Outcome } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import { isInPlace, type AssessedInstance } from '../../status/assess-all.ts';
import { lastKeys } from '../../store/last-results.ts';
import { placedOuts } from '../../store/placements.ts';
import { recordWritten } from '../../workspace/written.ts';
import type { Allotments } from '../allotment/allotments.ts';
import type { Run } from '../run.ts';
import type { Ends, InPlace } from '../with-run.ts';
import type { PlannedRun, RunOptions } from './planned-run.ts';

/** What a plan is run with, and how the instances of earlier plans of the run ended. */
export interface RunProgress {
  readonly options: RunOptions;
  readonly allotted: Allotments;
  readonly ended: ReadonlyMap<InstanceId, Outcome>;
  readonly ends: Ends;
}

/** Notes which instances have nothing to do, and restores or runs the others. */
export async function runReady(
  run: Run,
  { policyOf, existingOutsOf }: PlannedRun,
  instances: readonly Instance[],
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
  { options: { request, watcher }, allotted, ended, ends }: RunProgress,
): Promise<void> {
  const rest = noteInPlace(run, instances, assessments, ends.onInPlace);
  if (rest.length === 0) return;
  watcher?.onControls({
    session: run.session,
    running: () => [...run.running],
    startNoMore: () => run.stop.startNoMore(),
  });
  // A run with nothing to do does not load it.
  const { runInstances } = await import('../run-instances.ts');
  await runInstances(
    run,
    rest,
    {
      policyOf,
      existingOutsOf,
      keepGoing: request.keepGoing,
      allotmentOf: (instance) => allotted.share(run, run.session.executorOf(instance)),
      restoreOnly: request.restoreOnly === true,
      failures: watcher?.failures ?? new Map(),
      ended,
      assessments,
    },
    ends.onOutcome,
  );
  await recordWritten(run.session.workspace);
}

/** Reports the end of instances with nothing to do and nothing to record; returns the others. */
function noteInPlace(
  { session: { store, plan } }: Run,
  instances: readonly Instance[],
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
  onInPlace: Ends['onInPlace'],
): readonly Instance[] {
  const found: InPlace[] = [];
  const keys = lastKeys(store, plan.pipeline);
  const placed = placedOuts(store);
  const rest = instances.filter((instance) => {
    const seen = assessments.get(instance.id);
    if (seen?.kind !== 'assessed' || !isInPlace(seen) || seen.assessment.decision.kind !== 'restore')
      return true;
    const { key, decision, dropped } = seen.assessment;
    // A run that was killed may have put outs in their places without recording it.
    const isRecorded =
      keys.get(instance.id) === key &&
      Object.entries(decision.entry.outs).every(
        ([name, { digest }]) =>
          dropped.includes(name) || placed.get(instance.outs[name]?.path ?? '') === digest,
      );
    if (isRecorded) found.push([instance.id, key]);
    return !isRecorded;
  });
  onInPlace(found);
  return rest;
}
