import type { SharedCacheReport } from '../../answers/shared-cache.ts';
import type { Event } from '../../event.ts';
import { awaitedInstances } from '../../plan/stale-lists.ts';
import type { DroppedOuts, RunSummary, StopSignals } from '../../run-request.ts';
import { allotments } from '../allotment/allotments.ts';
import { dropTempOuts } from '../outs/drop-temp-outs.ts';
import { warn } from '../run.ts';
import { withRun } from '../with-run.ts';
import type { PlannedRun, RunOptions } from './planned-run.ts';
import { runPlans } from './run-plans.ts';

/**
 * Runs what is out of date. If a list that it depends on is out of date, it runs up to the list, plans again,
 * and continues. The caller holds the lock.
 */
export async function runSelected(
  first: PlannedRun,
  options: RunOptions,
  onEvent: (event: Event) => void,
  signals: StopSignals,
): Promise<RunSummary> {
  const { request } = options;
  const allotted = allotments(request.jobs);
  const { session, selected } = first;
  const executors = new Set(selected.chosen.map(session.executorOf));
  const jobs = [...executors].reduce((sum, executor) => sum + allotted.capacity(executor).jobs, 0);
  let readsOutOfDate = false;
  let sharedCache: SharedCacheReport | undefined;
  let dropped: DroppedOuts | undefined;
  const summary = await withRun(
    session,
    {
      ...options,
      instances: selected.chosen,
      jobs,
      detach: request.detach === true,
      awaited: awaitedInstances(selected.listed, new Set()),
    },
    onEvent,
    signals,
    async (run, ends) => {
      session.source?.onWarning?.((warning) => warn(run, null, warning));
      const resolved = await runPlans(run, first, { options, allotted, ends });
      const { last, ran } = resolved;
      ({ readsOutOfDate } = resolved);
      sharedCache = await session.source?.finish?.(run.stop.stopped);
      if (!run.stop.isStopping() && request.restoreOnly !== true)
        dropped = await dropTempOuts({ ...run, session: last.session }, last.policyOf, ran);
    },
  );
  return {
    ...summary,
    readsOutOfDate,
    ...(sharedCache === undefined ? {} : { sharedCache }),
    ...(dropped === undefined ? {} : { dropped }),
  };
}
