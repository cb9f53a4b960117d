import { totalOf, trainingMemory } from '../../../ml/memory/training-memory.ts';
import type { Precision, TrainingRuntime } from '../../../ml/runtime/runtime.ts';
import { sizeText } from '../../../runner/wording/size-text.ts';
import { type Check, figure, type Figure } from './check.ts';
import { memoryOnCards } from './nvidia-smi.ts';
import { openSmallTraining, randomRows, smallModel, smallTraining } from './small-training.ts';
import { reportIt } from './what-to-do.ts';

const rowCount = 4;
const rowTokens = 128;

interface MeasuredSteps {
  readonly tested: TrainingRuntime;
  readonly device: 'cpu' | 'cuda';
  readonly precision: Precision;
  /** Timed steps, after one warm-up step. */
  readonly steps: number;
}

/**
 * Measures the time of a step and the peak memory of the process, which must have done nothing else. Reports
 * the estimate of the same training too.
 */
export async function measureSteps({
  tested,
  device,
  precision,
  steps,
}: MeasuredSteps): Promise<readonly Check[]> {
  const lengths = Array.from({ length: rowCount }, () => rowTokens);
  const { session, step } = await openSmallTraining(tested, randomRows(lengths), fillSmall);
  await step(1);
  const times: number[] = [];
  for (let number = 2; number < steps + 2; number += 1) {
    const start = performance.now();
    await step(number);
    times.push(performance.now() - start);
  }
  const onCards = device === 'cuda' ? await memoryOnCards(process.pid) : undefined;
  await session.release();
  const peak = 1024 * process.resourceUsage().maxRSS;
  const milliseconds = medianOf(times);
  return [
    {
      part: `speed in ${precision}`,
      state: 'good',
      message: `${Math.round(milliseconds)} ms a step of ${rowCount} rows of ${rowTokens} tokens`,
      figures: [figure('step', milliseconds, 'ms')],
    },
    memoryCheck(precision, { peak, onCards, planned: plannedMemory(device, precision) }, device),
  ];
}

/** Small numbers, made in place: nothing but the training is to take memory. */
function fillSmall(_: string, into: Float32Array): void {
  for (let place = 0; place < into.length; place += 1)
    into[place] = (((place * 7919) % 1013) / 1013 - 0.5) * 0.1;
}

interface Memory {
  readonly peak: number;
  readonly onCards: number | undefined;
  readonly planned: number;
}

/** A plan includes a margin: a peak 15 % above it is worth a report, but is no fault of the machine. */
function memoryCheck(
  precision: Precision,
  { peak, onCards, planned }: Memory,
  device: 'cpu' | 'cuda',
): Check {
  const part = `memory in ${precision}`;
  const judgedPeak = device === 'cuda' ? onCards : peak;
  const figures: readonly Figure[] = [
    figure('peak of the process', peak, 'bytes'),
    ...(onCards === undefined ? [] : [figure('on the card, by nvidia-smi', onCards, 'bytes')]),
    figure('planned by estimate', planned, 'bytes'),
  ];
  if (judgedPeak === undefined)
    return {
      part,
      state: 'warning',
      message: `nvidia-smi does not report the memory of this process; estimated: ${sizeText(planned)}`,
      help: 'watch `nvidia-smi` while a training runs',
      figures,
    };
  const message = `${sizeText(judgedPeak)} at most, ${sizeText(planned)} planned`;
  return judgedPeak <= 1.15 * planned
    ? { part, state: 'good', message, figures }
    : {
        part,
        state: 'warning',
        message,
        help: `leave room above what \`pipeline estimate\` says on this machine; ${reportIt}`,
        figures,
      };
}

function plannedMemory(device: 'cpu' | 'cuda', precision: Precision): number {
  const training = { ...smallTraining(rowCount), ...(precision === 'bf16' ? { precision } : {}) };
  const memory = trainingMemory(smallModel, training, {
    runtime: 'tensorflow',
    device,
    sourceTokens: rowTokens,
    targetTokens: rowTokens,
  });
  return memory.ok ? totalOf(memory.value) : Number.NaN;
}

const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
