import { fileProblemText, type FileProblem, isDamage } from '../../files/file-problem.ts';
import { removeCheckpoints, tensorReader } from './checkpoints.ts';
import { type CompiledTraining, parameterNames, storedName, trainedTensors } from './compiled-training.ts';
import { evaluate, isEvaluationPending, rowLossesOf } from './evaluate-training.ts';
import { stepMaker } from './step-maker.ts';
import { bestOf, evaluationsIn, shouldStopEarly, isDue, type Plan, planOf } from './plan.ts';
import { leaveStateOf, type Progress, save, startOrResume } from './progress.ts';
import { fingerprintOf } from './resume.ts';
import type { FinishedTraining, TrainOutcome } from './train-outcome.ts';
import { takeState } from './training-state.ts';

/** Steps, evaluations and checkpoints, from where the scratch folder leaves off to the end. */
export async function trainingLoop(compiled: CompiledTraining): Promise<TrainOutcome> {
  const { config, trainee, heldOut, emit } = compiled;
  const rows = compiled.split.kept;
  const plan = planOf(config, rows.length);
  const fingerprint = fingerprintOf(config, compiled.model.config, compiled.examples, compiled.split);
  const { takeStateFrom, scratch, disk } = compiled;
  const taken =
    takeStateFrom === undefined ? undefined : await takeState(takeStateFrom, scratch, fingerprint, disk);
  if (taken?.ok === false) return failed(taken.error);
  const started = await startOrResume(compiled, fingerprint);
  if (!started.ok) return failed(started.error);
  const progress = started.value;
  emit({
    kind: 'start',
    total: plan.total,
    resumedAt: progress.step,
    parameters: trainee.parameters,
    rows: rows.length,
    validationRows: heldOut.rows.length,
  });

  const makeStep = stepMaker(compiled, plan, progress);
  const afterStep = async (): Promise<TrainOutcome | undefined> => {
    const evaluated = isEvaluationPending(compiled, plan, progress)
      ? await evaluate(compiled, plan, progress)
      : 'not best';
    if (typeof evaluated === 'object') return evaluated;
    const { step } = progress;
    const isInterrupted = compiled.signal.aborted;
    if (step > 0 && (evaluated === 'best' || isDue(config.checkpoint, step, plan) || isInterrupted)) {
      const saved = await save(compiled, fingerprint, progress);
      if (!saved.ok) return failed(saved.error);
    }
    return isInterrupted ? { kind: 'interrupted', step } : undefined;
  };

  // A training without steps is evaluated once, as a baseline; another is where an interruption cut an
  // evaluation off.
  const end = Math.min(plan.total, (compiled.stopAtEpoch ?? Infinity) * plan.stepsPerEpoch);
  let ended = isEvaluationPending(compiled, plan, progress) ? await afterStep() : undefined;
  while (
    ended === undefined &&
    progress.step < end &&
    !shouldStopEarly(evaluationsIn(progress.records), config.earlyStopping, config.selectBy)
  ) {
    ended = (await makeStep()) ?? (await afterStep());
  }
  if (ended !== undefined) return ended;
  const left = await leaveStateOf(compiled, fingerprint, progress);
  return left.ok ? finish(compiled, plan, progress) : failed(left.error);
}

const failed = (problem: FileProblem): TrainOutcome => ({
  kind: 'failed',
  problem: fileProblemText(problem),
});

/** Writes the result, after restoring the parameters of the best evaluation where that is configured. */
async function finish(
  compiled: CompiledTraining,
  plan: Plan,
  { step, records }: Progress,
): Promise<TrainOutcome> {
  const { config, scratch, trainee, session, split, heldOut, disk } = compiled;
  const evaluations = evaluationsIn(records);
  const best = bestOf(evaluations, config.selectBy);
  if (config.restoreBest && best !== undefined && best.step !== step) {
    const reader = await tensorReader(scratch, best.step);
    const restored = reader.ok
      ? await session.assign(parameterNames(compiled), (name, into) =>
          reader.value(storedName(compiled, name), into),
        )
      : reader;
    if (!restored.ok && !isDamage(restored.error)) return failed(restored.error);
    if (!restored.ok) {
      const removed = await removeCheckpoints(scratch, best.step, disk); // so that it is made again
      return {
        kind: 'failed',
        problem:
          `the checkpoint of the best evaluation (step ${best.step}) cannot be used: ` +
          `${fileProblemText(removed.ok ? restored.error : removed.error)}; run again to resume from ` +
          'an earlier one',
      };
    }
  }
  const rowLosses = await rowLossesOf(compiled);
  if (rowLosses === 'aborted') return { kind: 'interrupted', step };
  const finished: FinishedTraining = {
    parameters: trainee.parameters,
    records,
    steps: step,
    best,
    given: config.restoreBest ? best : evaluations.at(-1),
    rowLosses,
    stoppedEarly: step < plan.total,
    rows: split.kept.length,
    validationRows: heldOut.rows.length,
  };
  const written = await compiled.write(trainedTensors(compiled), finished);
  return written.ok ? { kind: 'finished', ...finished } : failed(written.error);
}
