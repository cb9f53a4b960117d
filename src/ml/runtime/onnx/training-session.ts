import { elementCount } from '../../element-count.ts';
import { clipFactor, type OptimizerSettings } from '../optimizer.ts';
import type {
  HostValue,
  RuntimeOptions,
  Values,
  Training,
  TrainingPlan,
  TrainingSession,
} from '../runtime.ts';
import { createAdafactor } from './adafactor.ts';
import { createAdamW } from './adamw.ts';
import { compileOnnx } from './compile-onnx.ts';
import { maskDrawer, takeOutMasks } from './drawn-masks.ts';
import { addRows } from './kernels/add-rows.ts';
import { createRowGradient, type RowGradient } from './kernels/row-gradient.ts';
import { createMaskKernel } from './kernels/draw-masks.ts';
import { createKernels, type Kernels } from './kernels/kernels.ts';
import type { Optimizer, TrainedTensor } from './optimizer.ts';
import { takeOutRows, valuesOfRows } from './rows-in-place.ts';
import { openEntries } from './session.ts';

/**
 * Places the trained parameters in memory that the engine reads and that gradients and optimizers write in
 * place.
 */
export async function openTrainingSession<Name extends string>(
  { constants = {}, entries, training }: TrainingPlan<Name>,
  options: RuntimeOptions,
): Promise<TrainingSession<Name>> {
  const { graph, trained, accumulation } = training;
  const kernels = createKernels();
  const tensors = allocate(training, kernels);
  const optimizer = optimizerOf(training.optimizer, tensors, kernels);
  const variables = new Map([
    ...tensors.map(({ name, parameter }) => [name, parameter] as const),
    ...optimizer.memory,
  ]);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const shapeOf = (name: string): readonly number[] => trained.get(name) ?? [find(variables, name).length];
  const { graph: masked, masks } = takeOutMasks(graph.graph);
  const rows = takeOutRows(masked);
  const parameters = { ...constants, ...valuesOf(tensors, ({ name }) => name, 'parameter') };
  const rowsHeld = valuesOfRows(parameters, rows.inputs);

  const dense = graph.dense.map((name) => find(byName, name));
  const lookedUp = tensors.filter(({ name }) => !graph.dense.includes(name));
  const placesIn = (of: 'gradient' | 'incoming'): Values => {
    const whole = valuesOf(dense, ({ name }) => `gradient.${name}`, of);
    return { ...whole, ...valuesOfRows(whole, rows.outputs) };
  };
  const [first, later] = [placesIn('gradient'), placesIn('incoming')];
  const drawMasks = maskDrawer(masks, createMaskKernel());
  const gradients = await compileOnnx(rows.graph, options);
  const opened = openEntries(parameters, entries, options);

  return {
    memory: new Map([...optimizer.memory].map(([name, { length }]) => [name, length])),
    run: (name, feeds) => opened.run(name, feeds),
    async step(microBatches, { step, learningRate, maxGradientNorm }) {
      if (microBatches.length > accumulation)
        throw new Error(`${microBatches.length} micro-batches, expected at most ${accumulation}`);
      let loss = 0;
      for (const tensor of lookedUp)
        if (tensor.rows === undefined) tensor.gradient.fill(0);
        else tensor.rows.clear();
      for (const [index, feeds] of microBatches.entries()) {
        const outputs = await gradients.run(
          { ...opened.values(), ...rowsHeld, ...feeds, ...drawMasks(feeds) },
          (name) => (index === 0 ? first : later)[name],
        );
        loss += realsOf(outputs, 'loss')[0] ?? Number.NaN;
        if (index > 0) for (const { gradient, incoming } of dense) kernels.accumulate(gradient, incoming, 1);
        for (const { parameter, output, indices } of graph.lookups) {
          const tensor = find(byName, parameter);
          const [more, ids] = [realsOf(outputs, output), integersOf(feeds, indices)];
          if (tensor.rows === undefined) addRows(tensor.gradient, more, ids);
          else tensor.rows.add(more, ids);
        }
      }
      const gradientNorm = Math.sqrt(tensors.reduce((sum, each) => sum + sumOfSquares(each, kernels), 0));
      if (Number.isFinite(loss) && Number.isFinite(gradientNorm))
        optimizer.update({ step, learningRate, gradientScale: clipFactor(gradientNorm, maxGradientNorm) });
      return { loss, gradientNorm };
    },
    async read(names) {
      return Object.fromEntries(
        Array.from(names, (name) => [name, real(shapeOf(name), find(variables, name))]),
      );
    },
    readWith: (name) => [name],
    async assign(names, fill) {
      for (const name of names) {
        const filled = await fill(name, find(variables, name));
        if (!filled.ok) return filled;
      }
      return { ok: true, value: undefined };
    },
    async release() {
      await gradients.release();
      await opened.release();
    },
  };
}

interface AllocatedTensor extends TrainedTensor {
  /** Where the gradients of later micro-batches lie before they are added. */
  readonly incoming: Float32Array;
}

/** Of the whole gradient. */
function sumOfSquares({ gradient, rows }: TrainedTensor, kernels: Kernels): number {
  if (rows === undefined) return kernels.sumOfSquares(gradient);
  const elements = rows.elements();
  let sum = 0;
  for (let start = 0; start < elements.length; start += gradient.length) {
    const some = elements.subarray(start, start + gradient.length);
    gradient.set(some);
    sum += kernels.sumOfSquares(gradient.subarray(0, some.length));
  }
  return sum;
}

/** What one kernel works on lies in one memory. */
function allocate(
  { graph, trained, optimizer, weightDecayOf, accumulation }: Training,
  kernels: Kernels,
): readonly AllocatedTensor[] {
  const moments = momentsOf(optimizer);
  const spare = (name: string): number => (accumulation > 1 && graph.dense.includes(name) ? 1 : 0);
  const rowsOf = new Map(
    [...trained].flatMap(([name, shape]) => {
      const rows =
        optimizer.name === 'adamw' && !graph.dense.includes(name) ? tableGradient(shape) : undefined;
      return rows === undefined ? [] : [[name, rows] as const];
    }),
  );
  const groups = kernels.allocate(
    [...trained].map(([name, shape]) => {
      const whole = elementCount(shape);
      const ofGradient = rowsOf.has(name) ? blockOfRows(shape) : whole;
      return [whole, ofGradient, ...Array.from({ length: moments + spare(name) }, () => whole)];
    }),
  );
  return [...trained].map(([name, shape], index) => {
    const [parameter = empty(), gradient = empty(), ...rest] = groups[index] ?? [];
    return {
      name,
      shape,
      parameter,
      gradient,
      rows: rowsOf.get(name),
      moments: rest.slice(0, moments),
      incoming: rest[moments] ?? gradient,
      weightDecay: weightDecayOf(name),
    };
  });
}

/** A gradient by rows, of what has rows. */
function tableGradient([rows, width, ...others]: readonly number[]): RowGradient | undefined {
  if (rows === undefined || width === undefined || others.length > 0) return undefined;
  return createRowGradient([rows, width]);
}

/**
 * The length of a block of a table's rows, which stays in the processor's cache: a call for each row took
 * longer.
 */
function blockOfRows([rows = 0, width = 0]: readonly number[]): number {
  return width * Math.min(rows, Math.max(1, Math.floor(elementsOfBlock / width)));
}

const elementsOfBlock = 8192;

/** How many arrays of a parameter's length an optimizer needs as `moments`. */
function momentsOf(settings: OptimizerSettings): number {
  switch (settings.name) {
    case 'adamw':
      return 2;
    case 'adafactor':
      return typeof settings.beta1 === 'number' ? 1 : 0;
  }
}

function optimizerOf(
  settings: OptimizerSettings,
  tensors: readonly TrainedTensor[],
  kernels: Kernels,
): Optimizer {
  switch (settings.name) {
    case 'adamw':
      return createAdamW(tensors, settings, kernels);
    case 'adafactor':
      return createAdafactor(tensors, settings);
  }
}

const valuesOf = (
  tensors: readonly AllocatedTensor[],
  nameOf: (tensor: AllocatedTensor) => string,
  of: 'parameter' | 'gradient' | 'incoming',
): Values => Object.fromEntries(tensors.map((tensor) => [nameOf(tensor), real(tensor.shape, tensor[of])]));

const empty = (): Float32Array => new Float32Array(0);

const real = (shape: readonly number[], data: Float32Array): HostValue => ({ dtype: 'float32', shape, data });

function find<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`the session has no variable "${name}"`);
  return found;
}

function realsOf(values: Values, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`the program returned no float32 output "${name}"`);
  return value.data;
}

function integersOf(values: Values, name: string): Int32Array {
  const value = values[name];
  if (value?.dtype !== 'int32') throw new Error(`the int32 feed "${name}" is missing`);
  return value.data;
}
