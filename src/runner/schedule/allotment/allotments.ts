import type { Capacity, Executor } from '../../executors/executor.ts';
import type { Run } from '../run.ts';
import { type Allotment, allotment } from './allotment.ts';
import { claimsOfRun } from './claims-of-run.ts';

/** What the executors of a run have to share. */
export interface Allotments {
  capacity(executor: Executor): Capacity;
  share(run: Run, executor: Executor): Allotment;
}

/** Executors with their capacities, each queried once in a run. `jobs`: as the user limits them. */
export function allotments(jobs: number | undefined): Allotments {
  const capacities = new Map<Executor, Capacity>();
  const opened = new Map<Executor, Allotment>();
  const capacity = (executor: Executor): Capacity => {
    const known = capacities.get(executor) ?? executor.capacity(jobs);
    capacities.set(executor, known);
    return known;
  };
  return {
    capacity,
    share(run, executor) {
      const known = opened.get(executor) ?? allotment(capacity(executor), claimsOfRun(run, executor));
      opened.set(executor, known);
      return known;
    },
  };
}
