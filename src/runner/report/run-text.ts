import type { InstanceHistory, RunHistory, RunResults, RunState } from '../answers/runs.ts';
import { durationText } from '../wording/duration-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { sizeText } from '../wording/size-text.ts';
import { table } from '../wording/table.ts';
import { metricText } from './metrics/metric-text.ts';

/** The instances of a run as a table, with the time, CPU time and memory that they took. */
export function runText(
  { run, state, instances }: RunHistory,
  { scores }: RunResults,
  width: number,
): string {
  if (instances.length === 0) return `run ${run} has no instances\n`;
  const rows = instances.map((row) => [
    row.instance,
    stateInRun(row, state).replaceAll('-', ' '),
    row.startedAt === undefined || row.finishedAt === undefined
      ? ''
      : durationText((row.finishedAt - row.startedAt) / 1000),
    row.usage === undefined ? '' : durationText(row.usage.cpuSeconds),
    row.usage?.peakMemoryBytes === undefined ? '' : sizeText(row.usage.peakMemoryBytes),
    joinFirst(
      scores
        .filter(({ instance }) => instance === row.instance)
        .map(({ metric, value }) => `${metric} ${metricText(value)}`),
      1,
    ),
  ]);
  const head = ['instance', 'state', 'time', 'CPU time', 'memory', 'score'];
  return `${table([head, ...rows], width).join('\n')}\n`;
}

/**
 * The state of an instance in a run. An instance that was started and has no outcome was executed again by
 * `verify --rerun`, or was killed with its run.
 */
export function stateInRun(
  { outcome, startedAt }: Pick<InstanceHistory, 'outcome' | 'startedAt'>,
  run: RunState,
): string {
  if (outcome !== undefined) return outcome.kind;
  if (startedAt === undefined) return run === 'running' ? 'waiting' : 'not-started';
  return run === 'done' || run === 'failed' ? 'verified' : run;
}
