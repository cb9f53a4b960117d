import { adafactorSettings, type OptimizerSettings } from '../optimizer.ts';
import type { Optimizer, OptimizerStep, TrainedTensor } from './optimizer.ts';

// Indices are in range by construction: loops run over the arrays' own lengths, rows × columns is the length
// of a matrix.

/**
 * Adafactor (Shazeer and Stern 2018) as transformers' (4.57.1): second moments of a matrix are kept as means
 * of its rows and columns; updates are clipped by their root mean square.
 */
export function createAdafactor(tensors: readonly TrainedTensor[], settings: Settings): Optimizer {
  const states = tensors.map((tensor) => ({ tensor, second: secondMoment(tensor) }));
  return {
    update: (update) => {
      for (const { tensor, second } of states) updateTensor(tensor, second, update, settings);
    },
    memory: new Map(states.flatMap(memoryOf)),
  };
}

type Settings = OptimizerSettings & { readonly name: 'adafactor' };

type SecondMoment =
  | {
      readonly kind: 'factored';
      readonly rows: Float32Array;
      readonly columns: Float32Array;
      readonly width: number;
    }
  | { readonly kind: 'whole'; readonly whole: Float32Array };

/** A matrix or more: the last axis is the columns, all before it the rows. */
function secondMoment({ shape, parameter }: TrainedTensor): SecondMoment {
  const width = shape.at(-1) ?? 1;
  if (shape.length < 2) return { kind: 'whole', whole: new Float32Array(parameter.length) };
  return {
    kind: 'factored',
    rows: new Float32Array(parameter.length / width),
    columns: new Float32Array(width),
    width,
  };
}

function memoryOf({
  tensor: { name, moments },
  second,
}: {
  readonly tensor: TrainedTensor;
  readonly second: SecondMoment;
}): readonly (readonly [string, Float32Array])[] {
  const first = moments.map((moment) => [`first.${name}`, moment] as const);
  return second.kind === 'whole'
    ? [...first, [`second.${name}`, second.whole]]
    : [...first, [`rows.${name}`, second.rows], [`columns.${name}`, second.columns]];
}

/** The gradient becomes the change in place: a copy would be as large as the model. */
function updateTensor(
  { parameter, gradient: change, moments: [first], weightDecay }: TrainedTensor,
  second: SecondMoment,
  { step, learningRate, gradientScale }: OptimizerStep,
  settings: Settings,
): void {
  const {
    scaleParameter,
    beta1,
    decayRate,
    clipThreshold,
    epsilon: [epsilonGradient, epsilonScale],
  } = adafactorSettings(settings);
  const rate = learningRate * (scaleParameter ? Math.max(epsilonScale, rootMeanSquare(parameter)) : 1);
  for (let i = 0; i < change.length; i += 1) change[i] = (change[i] as number) * gradientScale;
  normalise(change, second, 1 - step ** decayRate, epsilonGradient);
  const factor = rate / Math.max(1, rootMeanSquare(change) / clipThreshold);
  const decay = weightDecay * rate;
  for (let i = 0; i < change.length; i += 1) {
    let update = (change[i] as number) * factor;
    if (first !== undefined && beta1 !== null)
      update = first[i] = (first[i] as number) * beta1 + update * (1 - beta1);
    parameter[i] = (parameter[i] as number) * (1 - decay) - update;
  }
}

/** Divides the gradient by the root of its second moment, which is brought up to date first. In place. */
function normalise(gradient: Float32Array, second: SecondMoment, decay: number, epsilon: number): void {
  if (second.kind === 'whole') {
    const { whole } = second;
    for (let i = 0; i < gradient.length; i += 1) {
      const value = gradient[i] as number;
      whole[i] = (whole[i] as number) * decay + (value * value + epsilon) * (1 - decay);
      gradient[i] = value / Math.sqrt(whole[i] as number);
    }
    return;
  }
  const { rows, columns, width } = second;
  const columnSums = new Float64Array(width);
  let rowsTotal = 0;
  for (let row = 0; row < rows.length; row += 1) {
    let rowSum = 0;
    for (let column = 0; column < width; column += 1) {
      const square = (gradient[row * width + column] as number) ** 2 + epsilon;
      rowSum += square;
      columnSums[column] = (columnSums[column] as number) + square;
    }
    rows[row] = (rows[row] as number) * decay + (rowSum / width) * (1 - decay);
    rowsTotal += rows[row] as number;
  }
  for (let column = 0; column < width; column += 1)
    columns[column] =
      (columns[column] as number) * decay + ((columnSums[column] as number) / rows.length) * (1 - decay);
  const rowsMean = rowsTotal / rows.length;
  const columnFactors = columns.map((value) => 1 / Math.sqrt(value));
  for (let row = 0; row < rows.length; row += 1) {
    const rowFactor = 1 / Math.sqrt((rows[row] as number) / rowsMean);
    for (let column = 0; column < width; column += 1)
      gradient[row * width + column] =
        (gradient[row * width + column] as number) * rowFactor * (columnFactors[column] as number);
  }
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum / values.length);
}
