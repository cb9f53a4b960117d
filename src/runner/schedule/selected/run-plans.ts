import type { Diagnostic } from '../../diagnostic.ts';
import type { Outcome } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import { awaitedInstances } from '../../plan/stale-lists.ts';
import { withDependents } from '../../plan/with-needs.ts';
import { changedOptionalPaths } from '../../status/identity/recorded-dep.ts';
import type { Allotments } from '../allotment/allotments.ts';
import { takeAsIs } from '../outs/taken-as-is.ts';
import { type Run, warn } from '../run.ts';
import type { Ends } from '../with-run.ts';
import { isMade } from './is-made.ts';
import { leave } from './leave.ts';
import type { PlannedRun, RunOptions } from './planned-run.ts';
import { runKnown } from './run-known.ts';

/** What is the same for all plans of a run. */
interface PlansOfRun {
  readonly options: RunOptions;
  readonly allotted: Allotments;
  readonly ends: Ends;
}

interface RunPlans {
  readonly last: PlannedRun;
  readonly ran: ReadonlySet<InstanceId>;
  /** Whether outs that are out of date were used as they are. */
  readonly readsOutOfDate: boolean;
}

/** Runs a plan, and plans again whenever lists were made or results came out different, until all is done. */
export async function runPlans(
  run: Run,
  first: PlannedRun,
  { options, allotted, ends }: PlansOfRun,
): Promise<RunPlans> {
  const ended = new Map<InstanceId, Outcome>();
  const ran = new Set<InstanceId>();
  const recording = recorded(ends, ended, ran);
  const warnOnce = warnsOnce(run);
  let planned = first;
  let readsOutOfDate = false;
  for (;;) {
    const current = { ...run, session: planned.session };
    const taken = await takeAsIs(current, planned.selected);
    for (const warning of [...planned.warnings, ...taken.warnings]) warnOnce(warning);
    readsOutOfDate ||= taken.warnings.length > 0;
    const isListMade = await runKnown(current, planned, taken.blocked, {
      options,
      allotted,
      ended,
      ends: recording,
    });
    if (!isListMade && run.remade.size === 0) break;
    if (!isListMade) {
      for (const id of withDependents(planned.session.plan, run.remade))
        if (!run.remade.has(id) && isMade(ended.get(id))) ended.delete(id);
      run.remade.clear();
      continue;
    }
    const again = await options.planAgain();
    if (!again.ok) {
      leave(planned, ended, again.error, recording);
      return { last: planned, ran, readsOutOfDate };
    }
    const { source } = first.session;
    planned = { ...again.value, session: { ...again.value.session, source } };
    const { chosen, listed } = planned.selected;
    ends.onPlanned(chosen, awaitedInstances(listed, new Set()));
  }
  const made = planned.selected.chosen.filter(
    ({ id, frozen }) => frozen === undefined && isMade(ended.get(id)),
  );
  if (ran.size > 0) for (const warning of changedOptionalPaths(planned.session, made)) warnOnce(warning);
  return { last: planned, ran, readsOutOfDate };
}

/** Records how instances end, and which ran, on the way to the listener. */
const recorded = (ends: Ends, ended: Map<InstanceId, Outcome>, ran: Set<InstanceId>): Ends => ({
  ...ends,
  onOutcome(instance, key, outcome) {
    ended.set(instance.id, outcome);
    if (outcome.kind === 'ran') ran.add(instance.id);
    ends.onOutcome(instance, key, outcome);
  },
  onInPlace(found) {
    for (const [id] of found) ended.set(id, { kind: 'up-to-date' });
    // Instances that ran earlier in this run are still reported as such.
    ends.onInPlace(found.filter(([id]) => !ran.has(id)));
  },
});

/** Plans of one run have most warnings in common. */
function warnsOnce(run: Run): (warning: Diagnostic) => void {
  const warned = new Set<string>();
  return (warning) => {
    const text = JSON.stringify(warning);
    if (!warned.has(text)) warn(run, null, warning);
    warned.add(text);
  };
}
