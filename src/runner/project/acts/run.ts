import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Event } from '../../event.ts';
import type { FinishedRun, RunRequest, StopSignals } from '../../run-request.ts';
import type { RunWatcher } from '../../schedule/run-controls.ts';
import { refusedLists } from '../../schedule/selected/lists-of-plan.ts';
import type { PlannedRun } from '../../schedule/selected/planned-run.ts';
import { runSelected } from '../../schedule/selected/run-selected.ts';
import { finalOuts } from '../final-outs.ts';
import { type IdleRequest, recordIdle } from '../idle-run.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';
import type { Planned } from '../planning/plan-here.ts';
import { locked } from './locked.ts';
import { readyRun } from './ready-run.ts';
import { removeEarlierSmoke, smokeReport } from './smoke-results.ts';

interface RunSources {
  /** Reads the pipeline file, when the run has its turn: it may have waited for long. */
  readonly plan: () => Promise<Result<Planned, Problem>>;
  /** Where to record that there was nothing to do. */
  readonly idle?: IdleRequest | undefined;
  readonly watcher?: RunWatcher;
}

/** Runs what is out of date: alone, after what a killed run left was put away. */
export async function run(
  rows: Opened,
  { plan, idle, watcher }: RunSources,
  request: RunRequest,
  onEvent: (event: Event) => void,
  stop: StopSignals,
): Promise<Result<FinishedRun, Problem>> {
  return locked(rows, request.waitSeconds, stop.graceful, async () => {
    if (rows.host.smoke !== undefined) await removeEarlierSmoke(rows, rows.host.smoke);
    const recording = idle === undefined ? undefined : recordIdle(rows, idle);
    const opened = recording?.opened ?? rows;
    const earlierEvents: Event[] = [];
    const onEarlyEvent = (event: Event): void => {
      onEvent(event);
      earlierEvents.push(event);
    };
    const first = await readyRun(opened, plan, request, onEarlyEvent, stop.graceful);
    if (!first.ok) return first;
    const refused = await refusedLists(first.value.run);
    if (refused.length > 0) return invalid(refused, first.value.planned.sources);
    let last = first.value;
    const { retryDelay } = opened.host;
    const options = {
      request,
      async planAgain(): Promise<Result<PlannedRun, readonly Diagnostic[]>> {
        const again = await readyRun(opened, plan, request, onEvent, stop.graceful);
        if (!again.ok) return { ok: false, error: diagnosticsOf(again.error) };
        last = again.value;
        return { ok: true, value: last.run };
      },
      retryDelay,
      watcher,
      earlierEvents,
    };
    const summary = await runSelected(last.run, options, onEvent, stop);
    const { planned, chosen } = last;
    const { smoke } = opened.host;
    const frozen = chosen.flatMap((instance) => (instance.frozen === undefined ? [] : [instance.id]));
    const finished = {
      ...summary,
      ...(frozen.length > 0 ? { frozen } : {}),
      results: finalOuts(chosen, planned.plan.needs),
      ...(smoke === undefined ? {} : { smoke: smokeReport(smoke, chosen) }),
    };
    recording?.remember(planned, chosen, finished);
    return { ok: true, value: finished };
  });
}

/** Obstacles that stop a run that has begun. */
const diagnosticsOf = (problem: Problem): readonly Diagnostic[] =>
  problem.kind === 'invalid'
    ? problem.diagnostics
    : [
        {
          severity: 'error',
          code: 'not-planned',
          message:
            problem.kind === 'busy'
              ? 'another run is in progress'
              : `planning again failed: ${problem.message}`,
        },
      ];
