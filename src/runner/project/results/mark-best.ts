import { bestWithin } from '../../../stage/best.ts';
import type { InstanceMetrics, MetricValue } from '../../answers/results.ts';
import { stageOf } from '../../identity.ts';
import type { PlannedBest } from '../../plan/best-of.ts';
import type { NamedMetrics } from './named-metrics.ts';

/** An instance's metrics, and which out each of them is in. */
export interface Measured {
  readonly metrics: InstanceMetrics;
  readonly named: NamedMetrics['named'];
}

/** A result of the stage that `best` names, which has its metric. */
interface Candidate {
  readonly axes: InstanceMetrics['axes'];
  readonly value: MetricValue;
  readonly name: string;
  readonly metrics: InstanceMetrics;
}

/**
 * The metrics, with the best instances marked by `best` of the pipeline file. A result that is out of date
 * has other params, and is not ranked.
 */
export function markBest(measured: readonly Measured[], best: PlannedBest): readonly InstanceMetrics[] {
  const marked = new Map(
    bestWithin(
      measured.flatMap((row) => candidate(row, best) ?? []),
      best,
    ).flatMap((group) => group.best.map(({ metrics, name }) => [metrics, name])),
  );
  return measured.map(({ metrics }) => {
    const name = marked.get(metrics);
    return name === undefined ? metrics : { ...metrics, best: name };
  });
}

/** Whether the stage has results and none of them has the metric: then its name is wrong. */
export const lacksMetric = (measured: readonly Measured[], best: PlannedBest): boolean =>
  measured.some((row) => isRanked(row, best)) && measured.every((row) => candidate(row, best) === undefined);

const isRanked = ({ metrics: { instance, state } }: Measured, { stage }: PlannedBest): boolean =>
  stageOf(instance) === stage && state === 'up-to-date';

function candidate(row: Measured, best: PlannedBest): Candidate | undefined {
  const found = isRanked(row, best)
    ? row.named.find(({ out, path }) => out === best.out && path.join('.') === best.metric)
    : undefined;
  const { metrics } = row;
  return found && { axes: metrics.axes, value: found.value, name: found.name, metrics };
}
