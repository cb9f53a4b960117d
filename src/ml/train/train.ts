import { join } from 'node:path';
import { type Disk, realDisk } from '../../files/disk.ts';
import { fileProblemText, type FileProblem } from '../../files/file-problem.ts';
import { writeJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { orderedBatches } from '../dataset/batches.ts';
import { validationSplit } from '../dataset/split.ts';
import type { Feeds } from '../model/packed-rows.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { relativeStep } from './adafactor.ts';
import { pruneCheckpoints, readTensors, removeCheckpoints, type Tensors, writeCheckpoint } from './checkpoints.ts';
import { faultOf } from './fault.ts';
import { createKernels } from './kernels/kernels.ts';
import { loadFrozen, loadTrained } from './load-parameters.ts';
import { evaluationFeeds, fillOf, stepFeeds } from './micro-batch.ts';
import { batchOrder, bestOf, evaluationsIn, hasLostPatience, isDue, type Plan, planOf } from './plan.ts';
import { fingerprintOf, resume } from './resume.ts';
import { scheduleFactor } from './schedule.ts';
import { clipFactor, createStepper, type Stepper } from './stepper.ts';
import type { EvaluationRecord, Example, StepRecord, TrainConfig, TrainRecord } from './train-config.ts';
import { type ParameterCounts, type Trainee, traineeOf } from './trainee.ts';

export interface TrainOptions {
  readonly model: { readonly config: Mt5Config; readonly tensors: LazyTensors };
  readonly examples: readonly Example[];
  readonly config: TrainConfig;
  readonly runtime: Runtime;
  /** A folder for checkpoints. A training that finds its own there goes on from the newest. */
  readonly scratch: string;
  /** Aborted: the step in work is finished, a checkpoint written. */
  readonly signal: AbortSignal;
  readonly emit: (event: TrainEvent) => void;
  /** Measures the model beside its validation loss, say by generation, from all its parameters, an adapter merged. Has to be a function of them. */
  readonly measure?: (parameters: Feeds) => Promise<Readonly<Record<string, number>>>;
  readonly disk?: Disk;
}

/** What a training says while it works. Rates are by the clock and nowhere else. */
export type TrainEvent =
  | { readonly kind: 'start'; readonly total: number; readonly resumedAt: number; readonly parameters: ParameterCounts; readonly rows: number; readonly validationRows: number }
  | { readonly kind: 'step'; readonly record: StepRecord; readonly total: number; readonly tokensPerSecond: number }
  | { readonly kind: 'evaluation'; readonly record: EvaluationRecord; readonly best: boolean }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'warning'; readonly text: string };

export type TrainOutcome =
  | {
      readonly kind: 'finished';
      /** What was trained: all parameters, or the adapter's tensors. Lies in the engine's memory: write it before the next training. */
      readonly trained: Feeds;
      readonly parameters: ParameterCounts;
      readonly records: readonly TrainRecord[];
      /** Steps made. */
      readonly steps: number;
      /** The evaluation with the lowest loss, if any was made; its parameters are given back if the configuration says so. */
      readonly best: EvaluationRecord | undefined;
      readonly stoppedEarly: boolean;
      readonly rows: number;
      readonly validationRows: number;
    }
  | { readonly kind: 'interrupted'; readonly step: number }
  | ({ readonly kind: 'diverged'; readonly batchFile: string } & Divergence)
  /** The input cannot be trained on, or a file could not be read or written. */
  | { readonly kind: 'failed'; readonly problem: string };

/** A loss or a gradient that is not finite. The batch is saved; a step's parameters were not changed by it. */
export type Divergence = { readonly step: number; readonly loss: number; readonly rows: readonly number[] } & ({ readonly during: 'step'; readonly gradientNorm: number } | { readonly during: 'evaluation' });

/**
 * Trains a model on pairs. The result is a function of model, examples and configuration: a training that was interrupted
 * at any instant and is run again on its scratch folder ends with the same bits.
 */
export async function train(options: TrainOptions): Promise<TrainOutcome> {
  const { model, config, runtime, examples } = options;
  const fault = faultOf(examples, model.config, config);
  if (fault !== undefined) return { kind: 'failed', problem: fault };
  const trainee = traineeOf(model.config, config, examples);
  if (!trainee.ok) return { kind: 'failed', problem: trainee.error };
  const { heldOut, kept } = validationSplit(examples.length, config.validationFraction, config.seed);

  const programs = { training: await runtime.compile(trainee.value.training.graph), evaluation: await runtime.compile(trainee.value.evaluation) };
  try {
    const frozen = await loadFrozen(model.tensors, trainee.value.shapes);
    if (!frozen.ok) return { kind: 'failed', problem: fileProblemText(frozen.error) };
    const stepper = createStepper({
      graph: trainee.value.training, program: programs.training, shapes: trainee.value.shapes, frozen: frozen.value, optimizer: config.optimizer,
      weightDecay: config.weightDecay, accumulation: config.accumulation, kernels: createKernels(),
    });
    const evaluate = async (rows: readonly number[]): Promise<Evaluated> => {
      const batches = orderedBatches(rows.length, config.evaluationBatch);
      let sum = 0;
      for (const batch of batches) {
        const batchRows = batch.map((index) => at(rows, index));
        const feeds = evaluationFeeds(batchRows.map((row) => at(examples, row)), model.config, trainee.value.headParts);
        const loss = Number((await programs.evaluation.run({ ...stepper.parameters, ...feeds }))['loss']?.data[0]);
        if (!Number.isFinite(loss)) return { loss, spoiledBy: batchRows };
        sum += loss;
      }
      return { loss: sum / batches.length };
    };
    return await loop(options, { trainee: trainee.value, stepper, rows: kept, heldOut, evaluate });
  } finally {
    await programs.training.release();
    await programs.evaluation.release();
  }
}

interface Prepared {
  readonly trainee: Trainee;
  readonly stepper: Stepper;
  readonly rows: readonly number[];
  readonly heldOut: readonly number[];
  readonly evaluate: (rows: readonly number[]) => Promise<Evaluated>;
}

interface Evaluated {
  readonly loss: number;
  /** The rows of the batch whose loss is not finite, at which the evaluation stopped. */
  readonly spoiledBy?: readonly number[];
}

async function loop(options: TrainOptions, { trainee, stepper, rows, heldOut, evaluate }: Prepared): Promise<TrainOutcome> {
  const { model, config, examples, scratch, signal, emit, measure, disk = realDisk } = options;
  const trainingRows = rows.map((row) => at(examples, row));
  const plan = planOf(config, rows.length);
  const batchesOf = batchOrder(trainingRows, config, plan);
  const fingerprint = fingerprintOf(config, model.config, examples);
  const resumed = await resume(scratch, fingerprint, memoryOf(stepper), (text) => emit({ kind: 'warning', text }), disk);
  if (!resumed.ok) return { kind: 'failed', problem: fileProblemText(resumed.error) };
  if (resumed.value === 'anew') {
    for (const data of memoryOf(stepper).values()) data.fill(0); // a damaged checkpoint may have been read halfway
    const loaded = await loadTrained(stepper.tensors, trainee.initial, model.tensors);
    if (!loaded.ok) return { kind: 'failed', problem: fileProblemText(loaded.error) };
  }
  const records: TrainRecord[] = resumed.value === 'anew' ? [] : [...resumed.value.records];
  let step = resumed.value === 'anew' ? 0 : resumed.value.step;
  emit({ kind: 'start', total: plan.total, resumedAt: step, parameters: trainee.parameters, rows: rows.length, validationRows: heldOut.length });

  const save = async (): Promise<Result<void, FileProblem>> => {
    const written = await writeCheckpoint(scratch, { fingerprint, step, records }, memoryOf(stepper), disk);
    if (!written.ok) return written;
    emit({ kind: 'checkpoint', step });
    return pruneCheckpoints(scratch, config.keepCheckpoints, bestOf(evaluationsIn(records))?.step, disk);
  };
  /** Whether it is the best so far; or how the training ends, if its loss is not finite. */
  const evaluateNow = async (): Promise<boolean | TrainOutcome> => {
    const { loss: evaluationLoss, spoiledBy } = await evaluate(heldOut);
    if (spoiledBy !== undefined) return diverged(scratch, { during: 'evaluation', step, loss: evaluationLoss, rows: spoiledBy }, examples);
    const metrics = measure === undefined ? {} : { metrics: await measure(trainee.plain(stepper.parameters)) };
    const record = { step, epoch: step / plan.stepsPerEpoch, evaluationLoss, ...metrics };
    records.push(record);
    const best = bestOf(evaluationsIn(records)) === record;
    emit({ kind: 'evaluation', record, best });
    return best;
  };

  while (step < plan.total && !hasLostPatience(evaluationsIn(records), config.earlyStopping)) {
    const batches = batchesOf(step);
    const microBatches = batches.map((batch) => batch.map((row) => at(trainingRows, row)));
    const started = performance.now();
    const { loss, gradientNorm } = await stepper.gradients(stepFeeds(microBatches, step, model.config, config, trainee.headParts));
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return diverged(scratch, { during: 'step', step: step + 1, loss, gradientNorm, rows: batches.flat().map((row) => at(rows, row)) }, examples);
    const learningRate = learningRateOf(config, plan, step, evaluationsIn(records));
    stepper.optimizer.update({ step: step + 1, learningRate, gradientScale: clipFactor(gradientNorm, config.maxGradientNorm) });
    step += 1;
    const record: StepRecord = { step, epoch: step / plan.stepsPerEpoch, loss, learningRate, gradientNorm, ...fillOf(microBatches) };
    records.push(record);
    emit({ kind: 'step', record, total: plan.total, tokensPerSecond: record.tokens / ((performance.now() - started) / 1000) });

    const isBest = heldOut.length > 0 && (isDue(config.evaluate, step, plan) || step === plan.total) && (await evaluateNow());
    if (typeof isBest === 'object') return isBest;
    if (isBest || isDue(config.checkpoint, step, plan) || signal.aborted) {
      const saved = await save();
      if (!saved.ok) return { kind: 'failed', problem: fileProblemText(saved.error) };
    }
    if (signal.aborted) return { kind: 'interrupted', step };
  }
  // A training without steps is evaluated once, as a baseline.
  if (heldOut.length > 0 && evaluationsIn(records).length === 0) {
    const evaluated = await evaluateNow();
    if (typeof evaluated === 'object') return evaluated;
  }

  const best = bestOf(evaluationsIn(records));
  if (config.restoreBest && best !== undefined && best.step !== step) {
    const restored = await readTensors(scratch, best.step, parametersOf(stepper));
    if (!restored.ok) {
      const removed = await removeCheckpoints(scratch, best.step, disk); // so that it is made again
      return { kind: 'failed', problem: `the checkpoint of the best evaluation (step ${best.step}) cannot be used: ${fileProblemText(removed.ok ? restored.error : removed.error)}; run again, the training goes on from an earlier one` };
    }
  }
  return {
    kind: 'finished', trained: stepper.trained, parameters: trainee.parameters, records, steps: step, best,
    stoppedEarly: step < plan.total, rows: rows.length, validationRows: heldOut.length,
  };
}

function learningRateOf(config: TrainConfig, plan: Plan, step: number, evaluations: readonly EvaluationRecord[]): number {
  const { optimizer, learningRate, schedule } = config;
  if (optimizer.name === 'adafactor' && (optimizer.relativeStep ?? true)) return relativeStep(step + 1, optimizer.warmupInit ?? false);
  return learningRate * scheduleFactor(schedule, step, { warmup: plan.warmup, total: plan.total, learningRate }, evaluations.map(({ evaluationLoss }) => evaluationLoss));
}

const parametersOf = ({ tensors }: Stepper): Tensors => new Map(tensors.map(({ name, parameter }) => [`parameter.${name}`, parameter]));

const memoryOf = (stepper: Stepper): Tensors => new Map([...parametersOf(stepper), ...[...stepper.optimizer.memory].map(([name, data]) => [`optimizer.${name}`, data] as const)]);

async function diverged(scratch: string, divergence: Divergence, examples: readonly Example[]): Promise<TrainOutcome> {
  const batchFile = join(scratch, `diverged-${divergence.during}-${divergence.step}.json`);
  const batch = divergence.rows.map((row) => at(examples, row));
  const written = await writeJson(batchFile, { ...divergence, loss: String(divergence.loss), ...(divergence.during === 'step' ? { gradientNorm: String(divergence.gradientNorm) } : {}), batch });
  return written.ok ? { kind: 'diverged', ...divergence, batchFile } : { kind: 'failed', problem: fileProblemText(written.error) };
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`there is no element ${index} in a list of ${list.length}`);
  return element;
}
