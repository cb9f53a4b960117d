import { setTimeout } from 'node:timers/promises';
import type { Outcome } from '../../event.ts';
import { putBackFoundOuts } from '../outs/found-outs.ts';
import type { RunningStage } from '../run-controls.ts';
import type { Run } from '../run.ts';
import { type Execution, interrupted, type Work } from './execution.ts';
import { retryCounter, type Unsettled } from './retries.ts';
import { runAttempt } from './run-attempt.ts';

/**
 * Runs an instance's program until it has a result, fails for good, or is interrupted; files the result and
 * puts it in its place.
 */
export async function executeInstance(run: Run, work: Work): Promise<Outcome> {
  const started = performance.now();
  const cancelled = new AbortController();
  const stage = runningStage(run, work, cancelled);
  run.running.add(stage);
  try {
    return await attemptUntilSettled({
      ...work,
      run,
      cancelled: cancelled.signal,
      seconds: () => (performance.now() - started) / 1000,
    });
  } finally {
    run.running.delete(stage);
  }
}

const runningStage = (
  run: Run,
  { instance, assessment }: Work,
  cancelled: AbortController,
): RunningStage => ({
  instance,
  assessment,
  cancel(because) {
    if (cancelled.signal.aborted) return false;
    run.emit({ kind: 'cancelled', at: Date.now(), instance: instance.id, because });
    cancelled.abort();
    return true;
  },
});

async function attemptUntilSettled(execution: Execution): Promise<Outcome> {
  const { run, instance, assessment } = execution;
  const delayAfter = retryCounter({
    retries: instance.retries,
    restarts: run.session.executorOf(instance).restarts,
    delay: (n) => run.retryDelay(n),
  });
  for (let attempt = 1; ; attempt++) {
    const end = await runAttempt(execution, attempt);
    await putBackFoundOuts(run.session, (key) => key === assessment.key);
    if (end.kind === 'settled') return end.outcome;
    const failure = end.kind === 'resumable' ? end.failure : end.outcome.failure;
    const delaySeconds = delayAfter({ kind: end.kind, failure });
    if (delaySeconds === undefined || isOver(execution)) return lastOutcome(execution, end);
    run.emit({
      kind: 'retrying',
      at: Date.now(),
      instance: instance.id,
      attempt: attempt + 1,
      failure,
      delaySeconds,
    });
    await pause(delaySeconds, execution);
    if (isOver(execution)) return lastOutcome(execution, end);
  }
}

/** Whether no further attempt may begin. */
const isOver = ({ run, cancelled }: Execution): boolean => cancelled.aborted || run.stop.isStopping();

/**
 * How the instance ends if no attempt follows: one that could continue, or is not needed, was interrupted.
 */
const lastOutcome = (execution: Execution, end: Unsettled): Outcome =>
  end.kind === 'resumable' || execution.cancelled.aborted ? interrupted(execution) : end.outcome;

/**
 * Returns early if no further attempt may begin: the result is not needed, or the run starts nothing more.
 */
async function pause(seconds: number, { run, cancelled }: Execution): Promise<void> {
  const signal = AbortSignal.any([run.stop.startsNoMore, cancelled]);
  await setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined);
}
