import { createHash } from 'node:crypto';
import { initialiseMt5 } from '../../../ml/model/initialise-mt5.ts';
import type { TrainingRuntime } from '../../../ml/runtime/runtime.ts';
import { type Check, figure, judged } from './check.ts';
import { openSmallTraining, randomRows, smallModel } from './small-training.ts';
import { reportIt } from './what-to-do.ts';

/** By how much a step may differ from that of onnx, relative. */
export const stepBounds = {
  cpu: { loss: 1e-6, gradientNorm: 5e-6 },
  cuda: { loss: 1e-5, gradientNorm: 1e-4 },
} as const;

/** By how much the loss may differ with products of bfloat16. */
const bf16Bound = 0.02;

interface ComparedSteps {
  readonly reference: TrainingRuntime;
  readonly tested: TrainingRuntime;
  /** The tested runtime with products of bfloat16: opened when it is needed. */
  readonly inBf16: () => Promise<TrainingRuntime>;
  readonly bounds: { readonly loss: number; readonly gradientNorm: number };
}

/** One step of a small mT5 on rows of several lengths: against onnx, again, and in bfloat16. */
export async function* compareSteps({
  reference,
  tested,
  inBf16,
  bounds,
}: ComparedSteps): AsyncGenerator<Check> {
  const weights = initialiseMt5(smallModel, 3);
  const expected = await oneStep(reference, weights);
  const computed = await oneStep(tested, weights);
  yield judged(
    'training step',
    [
      figure('loss', off(computed.loss, expected.loss), 'relative', bounds.loss),
      figure(
        'gradient norm',
        off(computed.gradientNorm, expected.gradientNorm),
        'relative',
        bounds.gradientNorm,
      ),
    ],
    {
      good:
        `loss ${computed.loss.toFixed(4)} and gradient norm ` +
        `${computed.gradientNorm.toFixed(4)} are those of onnx`,
      help: `do not train on this device: a training step gives wrong numbers; ${reportIt}`,
    },
  );
  const again = await oneStep(tested, weights);
  yield judged(
    'same bits',
    [
      figure('loss', Number(again.loss !== computed.loss), 'differences', 0),
      figure('gradient norm', Number(again.gradientNorm !== computed.gradientNorm), 'differences', 0),
      figure('weights after the step', Number(again.weights !== computed.weights), 'differences', 0),
    ],
    {
      good: 'two runs of the step give the same bits',
      help:
        'results of this device are not reproducible bit for bit: ' +
        `mention this when you publish them; ${reportIt}`,
    },
  );
  yield await bf16Check(async () => oneStep(await inBf16(), weights), computed.loss);
}

async function bf16Check(stepInBf16: () => Promise<OneStep>, loss: number): Promise<Check> {
  const help = `train with \`precision: float32\`; ${reportIt}`;
  try {
    const computed = await stepInBf16();
    return judged('bf16', [figure('loss', off(computed.loss, loss), 'relative', bf16Bound)], {
      good: `a step computes: loss ${computed.loss.toFixed(4)}`,
      help,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { part: 'bf16', state: 'broken', message: `a step fails: ${message}`, help, figures: [] };
  }
}

interface OneStep {
  readonly loss: number;
  readonly gradientNorm: number;
  /** The digest of all weights after it. */
  readonly weights: string;
}

async function oneStep(
  runtime: TrainingRuntime,
  weights: ReadonlyMap<string, Float32Array>,
): Promise<OneStep> {
  const { session, names, step } = await openSmallTraining(
    runtime,
    randomRows([40, 12, 33, 5]),
    (name, into) => into.set(weights.get(name) ?? []),
  );
  const { loss, gradientNorm } = await step(1);
  const hash = createHash('sha256');
  for (const name of names)
    for (const { data } of Object.values(await session.read([name])))
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  await session.release();
  return { loss, gradientNorm, weights: hash.digest('hex') };
}

const off = (value: number, expected: number): number => Math.abs(value - expected) / Math.abs(expected);
