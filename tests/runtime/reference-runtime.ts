import { elementCount } from '../../src/ml/element-count.ts';
import { textAt } from '../../src/ml/tensor/attribute.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import { adafactorSettings, adamwSettings, optimizerMemory } from '../../src/ml/runtime/optimizer.ts';
import type {
  Entry,
  HostValue,
  SessionPlan,
  Training,
  TrainingRuntime,
  Update,
  Values,
} from '../../src/ml/runtime/runtime.ts';
import { evaluateNodes, type Values as Tensor } from '../tensor/reference-evaluator.ts';
import { hostValue } from './host-value.ts';

/**
 * The port, written down from its definition: float64, an element at a time, nothing in place. What the other
 * runtimes are compared with.
 */
export function openReferenceRuntime(): TrainingRuntime {
  return {
    name: 'onnx',
    device: 'cpu',
    version: 'reference',
    async open(plan) {
      return sessionOf(plan, new Map());
    },
    async openTraining({ training, ...plan }) {
      const variables = new Map<string, Tensor>();
      const memory = new Map<string, number>();
      for (const [name, shape] of training.trained) {
        variables.set(name, zeros(shape));
        for (const [moment, size] of Object.entries(optimizerMemory(training.optimizer, name, shape))) {
          variables.set(moment, zeros(size));
          memory.set(moment, elementCount(size));
        }
      }
      const valueOf = (name: string): Tensor => found(variables.get(name), name);
      return {
        ...sessionOf(plan, variables),
        memory,
        async step(microBatches, update) {
          const { loss, gradients } = summed(
            training,
            variables,
            tensorsOf(plan.constants ?? {}),
            microBatches,
          );
          const gradientNorm = Math.sqrt(
            sum([...gradients.values()].map(({ data }) => sum(data.map((each) => each ** 2)))),
          );
          if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
            const { maxGradientNorm: most } = update;
            const scale = most === null ? 1 : Math.min(1, most / (gradientNorm + 1e-6));
            for (const [name, { shape, data }] of gradients) {
              const gradient = { shape, data: data.map((each) => each * scale) };
              const changed = optimized(training, name, gradient, valueOf, update);
              for (const [variable, value] of Object.entries(changed)) variables.set(variable, value);
            }
          }
          return { loss, gradientNorm };
        },
        async read(names) {
          return Object.fromEntries(Array.from(names, (name) => [name, real(valueOf(name))]));
        },
        readWith: (name) => [name],
        async assign(names, fill) {
          for (const name of names) {
            const { shape, data } = valueOf(name);
            const into = Float32Array.from(data);
            const filled = await fill(name, into);
            variables.set(name, { shape, data: [...into] });
            if (!filled.ok) return filled;
          }
          return { ok: true, value: undefined };
        },
      };
    },
  };
}

function sessionOf<Name extends string>(
  { constants = {}, entries }: SessionPlan<Name>,
  variables: Map<string, Tensor>,
) {
  return {
    async run(entry: Name, feeds: Values): Promise<Values> {
      const { outputs, updates = {} }: Entry = entries[entry];
      const nodes = { ...outputs, ...updates };
      const all = [...Object.values(outputs), ...Object.values(updates)];
      const given = { ...tensorsOf(constants), ...Object.fromEntries(variables), ...tensorsOf(feeds) };
      requireInputs(Object.values(nodes), given);
      const values = evaluateNodes(all, given);
      Object.keys(updates).forEach((name, index) =>
        variables.set(name, found(values[Object.keys(outputs).length + index], name)),
      );
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { dtype }], index) => [
          name,
          hostValue(dtype, found(values[index], name)),
        ]),
      );
    },
    async release() {},
  };
}

function requireInputs(nodes: readonly Node[], given: Readonly<Record<string, Tensor>>): void {
  for (const { op, attributes } of inputsFirst(nodes)) {
    const name = op === 'Input' ? textAt(attributes, 'name') : undefined;
    if (name !== undefined && given[name] === undefined) throw new Error(`"${name}" is missing`);
  }
}

/** Loss and gradients over the micro-batches. */
function summed(
  { graph: { graph, dense, lookups }, trained }: Training,
  variables: ReadonlyMap<string, Tensor>,
  constants: Readonly<Record<string, Tensor>>,
  microBatches: readonly Values[],
): { readonly loss: number; readonly gradients: ReadonlyMap<string, Tensor> } {
  let loss = 0;
  const gradients = new Map([...trained].map(([name, shape]) => [name, [...zeros(shape).data]]));
  const add = (name: string, at: number, value: number): void => {
    const gradient = found(gradients.get(name), name);
    gradient[at] = (gradient[at] ?? Number.NaN) + value;
  };
  for (const microBatch of microBatches) {
    const feeds = { ...constants, ...Object.fromEntries(variables), ...tensorsOf(microBatch) };
    const values = evaluateNodes(Object.values(graph.outputs), feeds);
    const outputs = new Map(Object.keys(graph.outputs).map((name, index) => [name, values[index]]));
    loss += found(outputs.get('loss'), 'loss').data[0] ?? Number.NaN;
    for (const name of dense)
      found(outputs.get(`gradient.${name}`), name).data.forEach((value, at) => add(name, at, value));
    for (const { parameter, output, indices } of lookups) {
      const rows = found(outputs.get(output), output);
      const width = rows.shape.at(-1) ?? 1;
      const ids = found(feeds[indices], indices).data;
      rows.data.forEach((value, at) =>
        add(parameter, (ids[Math.floor(at / width)] ?? Number.NaN) * width + (at % width), value),
      );
    }
  }
  return {
    loss,
    gradients: new Map(
      [...trained].map(([name, shape]) => [name, { shape, data: found(gradients.get(name), name) }]),
    ),
  };
}

/** What a parameter and the memory of its optimizer become. */
function optimized(
  { optimizer, weightDecayOf }: Training,
  name: string,
  gradient: Tensor,
  valueOf: (name: string) => Tensor,
  { step, learningRate }: Update,
): Readonly<Record<string, Tensor>> {
  const { shape, data: parameter } = valueOf(name);
  const tensor = (data: readonly number[], of = shape): Tensor => ({ shape: of, data });
  const mixed = (old: readonly number[], fresh: readonly number[], keep: number): readonly number[] =>
    fresh.map((value, i) => keep * at(old, i) + (1 - keep) * value);
  if (optimizer.name === 'adamw') {
    const { beta1, beta2, epsilon } = adamwSettings(optimizer);
    const first = mixed(valueOf(`first.${name}`).data, gradient.data, beta1);
    const second = mixed(
      valueOf(`second.${name}`).data,
      gradient.data.map((each) => each ** 2),
      beta2,
    );
    const moved = parameter.map(
      (value, i) =>
        value * (1 - learningRate * weightDecayOf(name)) -
        (learningRate * (at(first, i) / (1 - beta1 ** step))) /
          (Math.sqrt(at(second, i) / (1 - beta2 ** step)) + epsilon),
    );
    return { [name]: tensor(moved), [`first.${name}`]: tensor(first), [`second.${name}`]: tensor(second) };
  }
  const { beta1, decayRate, scaleParameter, clipThreshold, epsilon } = adafactorSettings(optimizer);
  const rate = learningRate * (scaleParameter ? Math.max(epsilon[1], rootMeanSquare(parameter)) : 1);
  const keep = 1 - step ** decayRate;
  const squares = gradient.data.map((each) => each ** 2 + epsilon[0]);
  const width = shape.at(-1) ?? 1;
  const memory: Record<string, Tensor> = {};
  let scaled: readonly number[];
  if (shape.length < 2) {
    const second = mixed(valueOf(`second.${name}`).data, squares, keep);
    memory[`second.${name}`] = tensor(second);
    scaled = gradient.data.map((each, i) => each / Math.sqrt(at(second, i)));
  } else {
    const height = squares.length / width;
    const meanOf = (count: number, place: (i: number) => number, of: number): readonly number[] =>
      Array.from({ length: count }, (_, i) => sum(squares.filter((__, k) => place(k) === i)) / of);
    const rows = mixed(
      valueOf(`rows.${name}`).data,
      meanOf(height, (k) => Math.floor(k / width), width),
      keep,
    );
    const columns = mixed(
      valueOf(`columns.${name}`).data,
      meanOf(width, (k) => k % width, height),
      keep,
    );
    memory[`rows.${name}`] = tensor(rows, shape.slice(0, -1));
    memory[`columns.${name}`] = tensor(columns, [width]);
    const mean = sum(rows) / height;
    scaled = gradient.data.map(
      (each, k) => each / Math.sqrt((at(rows, Math.floor(k / width)) / mean) * at(columns, k % width)),
    );
  }
  const factor = rate / Math.max(1, rootMeanSquare(scaled) / clipThreshold);
  let update = scaled.map((each) => each * factor);
  if (beta1 !== null) {
    update = [...mixed(valueOf(`first.${name}`).data, update, beta1)];
    memory[`first.${name}`] = tensor(update);
  }
  const moved = parameter.map((value, i) => value * (1 - weightDecayOf(name) * rate) - at(update, i));
  return { [name]: tensor(moved), ...memory };
}

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((each) => each ** 2)) / values.length);

const sum = (values: readonly number[]): number => values.reduce((whole, each) => whole + each, 0);
const at = (values: readonly number[], index: number): number => values[index] ?? Number.NaN;

const zeros = (shape: readonly number[]): Tensor => ({
  shape,
  data: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => 0),
});

const tensorsOf = (values: Values): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [
      name,
      { shape, data: Array.from(data, Number) },
    ]),
  );

const real = (value: Tensor): HostValue => hostValue('float32', value);

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`"${name}" is missing`);
  return value;
}
