import type { Disk } from '../../files/disk.ts';
import { fileProblemText, type FileProblem, isDamage } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { elementsAt } from '../dataset/elements-at.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { Values, TrainingSession } from '../runtime/runtime.ts';
import {
  pruneCheckpoints,
  removeCheckpoints,
  type Tensors,
  tensorReader,
  writeCheckpoint,
} from './checkpoints.ts';
import { diverged } from './divergence.ts';
import { type HeldOut, heldOutLosses, type RowLoss, selectionLoss, trainerLoss } from './held-out-loss.ts';
import { parameterLoader } from './load-parameters.ts';
import { fillOf, stepFeeds } from './micro-batch.ts';
import { batchOrder, bestOf, evaluationsIn, shouldStopEarly, isDue, type Plan, planOf } from './plan.ts';
import { relativeStep } from './relative-step.ts';
import { leaveState, takeState } from './training-state.ts';
import { fingerprintOf, resume } from './resume.ts';
import { scheduleFactor } from './schedule.ts';
import type { EvaluationRecord, StepRecord, TrainConfig, TrainRecord } from './train-config.ts';
import type { TrainOptions } from './train-options.ts';
import type { TrainOutcome } from './train-outcome.ts';
import type { Trainee } from './trainee.ts';

/** A training whose graphs are compiled. */
export interface Compiled extends Omit<TrainOptions, 'disk' | 'runtime'> {
  readonly disk: Disk;
  readonly trainee: Trainee;
  /** The frozen parameters. */
  readonly frozen: Feeds;
  readonly session: TrainingSession<'evaluate'>;
  readonly heldOut: HeldOut;
}

/** How far a training is: with the tensors, all that a checkpoint has to hold. */
interface Progress {
  step: number;
  readonly records: TrainRecord[];
}

/** Steps, evaluations and checkpoints, from where the scratch folder leaves off to the end. */
export async function trainingLoop(compiled: Compiled): Promise<TrainOutcome> {
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

/** Writes the training state to the requested folder. */
async function leaveStateOf(
  compiled: Compiled,
  fingerprint: string,
  progress: Progress,
): Promise<Result<void, FileProblem>> {
  const { config, scratch, disk, leaveStateIn } = compiled;
  if (leaveStateIn === undefined) return { ok: true, value: undefined };
  const saved = await save(compiled, fingerprint, progress);
  if (!saved.ok) return saved;
  const best = config.restoreBest
    ? bestOf(evaluationsIn(progress.records), config.selectBy)?.step
    : undefined;
  return leaveState(scratch, leaveStateIn, [...(best === undefined ? [] : [best]), progress.step], disk);
}

const failed = (problem: FileProblem): TrainOutcome => ({
  kind: 'failed',
  problem: fileProblemText(problem),
});

/**
 * Restores the session's state from the newest checkpoint, or initialises it from the start of the training.
 */
async function startOrResume(
  compiled: Compiled,
  fingerprint: string,
): Promise<Result<Progress, FileProblem>> {
  const { model, adapter, scratch, emit, trainee, session, disk } = compiled;
  const parameters = parameterNames(compiled);
  const resumed = await resume(
    scratch,
    fingerprint,
    (reader) =>
      session.assign([...parameters, ...session.memory], (name, into) =>
        reader(stored(compiled, name), into),
      ),
    (text) => emit({ kind: 'warning', text }),
    disk,
  );
  if (!resumed.ok) return resumed;
  if (resumed.value !== 'anew')
    return { ok: true, value: { step: resumed.value.step, records: [...resumed.value.records] } };
  // A damaged checkpoint may have been read partly.
  const cleared = await session.assign(session.memory, zero);
  if (!cleared.ok) return cleared;
  const loaded = await session.assign(parameters, parameterLoader(adapter ?? trainee.initial, model.tensors));
  return loaded.ok ? { ok: true, value: { step: 0, records: [] } } : loaded;
}

async function zero(_: string, into: Float32Array): Promise<Result<void, FileProblem>> {
  into.fill(0);
  return { ok: true, value: undefined };
}

/** Makes the next step; returns the outcome if the training diverged. */
function stepMaker(
  { model, config, examples, scratch, emit, trainee, session, split: { kept: rows } }: Compiled,
  plan: Plan,
  progress: Progress,
): () => Promise<TrainOutcome | undefined> {
  const trainingRows = elementsAt(examples, rows);
  const batchesOf = batchOrder(trainingRows, config, plan);
  return async () => {
    const { step, records } = progress;
    const batches = batchesOf(step);
    const microBatches = batches.map((batch) => elementsAt(trainingRows, batch));
    const started = performance.now();
    const learningRate = learningRateOf(config, plan, step, evaluationsIn(records));
    const { loss, gradientNorm } = await session.step(
      stepFeeds(microBatches, step, model.config, config, trainee),
      { step: step + 1, learningRate, maxGradientNorm: config.maxGradientNorm },
    );
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      return diverged(
        scratch,
        { during: 'step', step: step + 1, loss, gradientNorm, rows: elementsAt(rows, batches.flat()) },
        examples,
      );
    progress.step = step + 1;
    const record: StepRecord = {
      step: step + 1,
      epoch: (step + 1) / plan.stepsPerEpoch,
      loss,
      learningRate,
      gradientNorm,
      ...fillOf(microBatches),
    };
    records.push(record);
    emit({
      kind: 'step',
      record,
      total: plan.total,
      tokensPerSecond: record.tokens / ((performance.now() - started) / 1000),
    });
    return undefined;
  };
}

function learningRateOf(
  config: TrainConfig,
  plan: Plan,
  step: number,
  evaluations: readonly EvaluationRecord[],
): number {
  const { optimizer, learningRate, schedule } = config;
  if (optimizer.name === 'adafactor' && (optimizer.relativeStep ?? true))
    return relativeStep(step + 1, optimizer.warmupInit ?? false);
  return (
    learningRate *
    scheduleFactor(
      schedule,
      step,
      { warmup: plan.warmup, total: plan.total, learningRate },
      evaluations.map((evaluation) => evaluation[config.selectBy]),
    )
  );
}

function isEvaluationPending(
  { config, heldOut }: Compiled,
  plan: Plan,
  { step, records }: Progress,
): boolean {
  if (heldOut.rows.length === 0 || !(isDue(config.evaluate, step, plan) || step === plan.total)) return false;
  return evaluationsIn(records).at(-1)?.step !== step;
}

/**
 * Whether it is the best so far; an evaluation that is interrupted leaves nothing. Or how the training ends,
 * if the loss is not finite.
 */
async function evaluate(
  compiled: Compiled,
  plan: Plan,
  { step, records }: Progress,
): Promise<'best' | 'not best' | TrainOutcome> {
  const { config, examples, scratch, signal, emit, measure, trainee, frozen, heldOut } = compiled;
  const measured = await unlessAborted(signal, async () => {
    const { losses, spoiledBy } = await heldOutLosses(heldOut, signal);
    return {
      losses,
      spoiledBy,
      metrics:
        measure === undefined || spoiledBy !== undefined
          ? {}
          : { metrics: await measure(trainee.plain({ ...frozen, ...(await trainedOf(compiled)) })) },
    };
  });
  if (measured === 'aborted') return 'not best';
  const { losses, spoiledBy, metrics } = measured;
  const evaluationLoss = trainerLoss(losses, heldOut.batch);
  if (spoiledBy !== undefined)
    return diverged(scratch, { during: 'evaluation', step, loss: evaluationLoss, rows: spoiledBy }, examples);
  const record: EvaluationRecord = {
    step,
    epoch: step / plan.stepsPerEpoch,
    evaluationLoss,
    selectionLoss: selectionLoss(losses),
    ...metrics,
  };
  records.push(record);
  const best = bestOf(evaluationsIn(records), config.selectBy) === record;
  emit({ kind: 'evaluation', record, best });
  return best ? 'best' : 'not best';
}

async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | 'aborted'> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 'aborted';
    throw error;
  }
}

async function save(
  compiled: Compiled,
  fingerprint: string,
  { step, records }: Progress,
): Promise<Result<void, FileProblem>> {
  const { config, scratch, emit, disk } = compiled;
  const tensors = await tensorsOf(compiled);
  const written = await writeCheckpoint(scratch, { fingerprint, step, records }, tensors, disk);
  if (!written.ok) return written;
  emit({ kind: 'checkpoint', step });
  return pruneCheckpoints(
    scratch,
    config.keepCheckpoints,
    bestOf(evaluationsIn(records), config.selectBy)?.step,
    disk,
  );
}

/** The outcome, after restoring the parameters of the best evaluation where that is configured. */
async function finish(compiled: Compiled, plan: Plan, { step, records }: Progress): Promise<TrainOutcome> {
  const { config, scratch, trainee, session, split, heldOut, disk } = compiled;
  const evaluations = evaluationsIn(records);
  const best = bestOf(evaluations, config.selectBy);
  if (config.restoreBest && best !== undefined && best.step !== step) {
    const reader = await tensorReader(scratch, best.step);
    const restored = reader.ok
      ? await session.assign(parameterNames(compiled), (name, into) =>
          reader.value(stored(compiled, name), into),
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
  return {
    kind: 'finished',
    trained: await trainedOf(compiled),
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
}

async function rowLossesOf({
  wantsRowLosses = false,
  heldOut,
  signal,
}: Compiled): Promise<readonly RowLoss[] | 'aborted'> {
  if (!wantsRowLosses) return [];
  const found = await unlessAborted(signal, () => heldOutLosses(heldOut, signal));
  return found === 'aborted' ? found : found.losses;
}

const parameterNames = ({ trainee }: Compiled): readonly string[] => [...trainee.shapes.keys()];

/** A variable's name in a checkpoint. */
const stored = ({ trainee }: Compiled, name: string): string =>
  trainee.shapes.has(name) ? `parameter.${name}` : `optimizer.${name}`;

const trainedOf = async (compiled: Compiled): Promise<Feeds> =>
  floats(await compiled.session.read(parameterNames(compiled)));

/** All that a checkpoint holds, by its names there. */
async function tensorsOf(compiled: Compiled): Promise<Tensors> {
  const names = [...parameterNames(compiled), ...compiled.session.memory];
  const values = floats(await compiled.session.read(names));
  return new Map(Object.entries(values).map(([name, { data }]) => [stored(compiled, name), data]));
}

const floats = (values: Values): Readonly<Record<string, FloatFeed>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value.dtype !== 'float32') throw new Error(`the variable "${name}" is ${value.dtype}`);
      return [name, value];
    }),
  );

type FloatFeed = Feed & { readonly dtype: 'float32' };
