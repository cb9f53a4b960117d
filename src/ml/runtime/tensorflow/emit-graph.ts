import type { Emit, Lowering, Value } from '../../tensor/emit.ts';
import type { DType, Graph, Shape } from '../../tensor/node.ts';
import type { OpName } from '../../tensor/op.ts';
import { tensorflow as activation } from '../../tensor/ops/activation.ts';
import { tensorflow as elementwise } from '../../tensor/ops/elementwise.ts';
import { tensorflow as indexing } from '../../tensor/ops/indexing.ts';
import { tensorflow as layout } from '../../tensor/ops/layout.ts';
import { countedLabels, countedLosses, tensorflow as loss } from '../../tensor/ops/loss.ts';
import { tensorflow as matmul } from '../../tensor/ops/matmul.ts';
import { tensorflow as normalization } from '../../tensor/ops/normalization.ts';
import { droppedBy, isMask, tensorflow as random } from '../../tensor/ops/random.ts';
import { tensorflow as reduction } from '../../tensor/ops/reduction.ts';
import { tensorflow as selection } from '../../tensor/ops/selection.ts';
import { tensorflow as source } from '../../tensor/ops/source.ts';
import { inBfloat16 } from '../../tensor/in-bfloat16.ts';
import { converted, scalar, typed } from '../../tensor/tensorflow-operator.ts';
import type { Precision } from '../runtime.ts';
import type { DeclaredInput } from '../sizes-of-feeds.ts';
import type { NodeDef } from './graph-def.ts';
import { runOrderOf, type Step } from './run-order.ts';

/** A graph under construction: every entry of a session goes into the same one. */
export interface GraphWriter extends GraphSettings {
  readonly nodes: readonly NodeDef[];
  /** Adds a node, or reuses an equal one. Returns its name. */
  add(operator: string, inputs: readonly string[], attributes: NodeDef['attributes']): string;
}

/** What the nodes of a graph depend on. */
export interface GraphSettings {
  readonly precision: Precision;
  readonly device: 'cpu' | 'cuda';
}

/** The session's values on the device, by name. */
export type Held = ReadonlyMap<string, HeldValue>;

export interface HeldValue {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What one entry feeds and reads. */
export interface Scope {
  readonly emit: Emit;
  readonly fed: ReadonlyMap<string, FedInput>;
  readonly sizeVectors: ReadonlyMap<string, SizeVector>;
  /** The reads of held values, by their names. */
  readonly reads: ReadonlyMap<string, ReadVariable>;
  lower(outputs: Graph['outputs']): Readonly<Record<string, Value>>;
}

export interface FedInput extends DeclaredInput {
  /** The node that is fed. */
  readonly node: string;
}

export interface ReadVariable extends DeclaredInput {
  readonly node: string;
}

export interface SizeVector {
  readonly node: string;
  readonly dimensions: Shape;
}

/** An empty graph; equal nodes that are added to it become one. */
export function createGraphWriter(settings: GraphSettings): GraphWriter {
  const names = new Map<string, string>();
  const nodes: NodeDef[] = [];
  return {
    ...settings,
    nodes,
    add(operator, inputs, attributes) {
      const key = JSON.stringify([operator, inputs, attributes], keepZeroSign);
      const known = names.get(key);
      if (known !== undefined) return known;
      const name = `n${nodes.length}`;
      names.set(key, name);
      nodes.push({ name, operator, inputs, attributes });
      return name;
    },
  };
}

/** JSON has no -0, and no NaN nor infinities. */
const keepZeroSign = (_: string, value: unknown): unknown =>
  typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value))
    ? `number ${Object.is(value, -0) ? '-0' : value}`
    : value;

/** A scope that adds to the graph: names in `held` are read as variables, other inputs are fed. */
export function openScope(graph: GraphWriter, held: Held): Scope {
  const fed = new Map<string, FedInput>();
  const sizeVectors = new Map<string, SizeVector>();
  const reads = new Map<string, ReadVariable>();

  const applyAfter =
    (after: readonly string[]): Emit['apply'] =>
    (operator, inputs, attributes = {}, output = 0) => {
      const name = graph.add(
        operator,
        [...inputs.map(({ name: input }) => input), ...after.map((node) => `^${node}`)],
        attributes,
      );
      return { name: output === 0 ? name : `${name}:${output}` };
    };
  const emit: Emit = {
    apply: applyAfter([]),
    input(name, dtype, shape) {
      const variable = held.get(name);
      if (variable !== undefined) {
        const node = readVariable(graph, handleOf(graph, held, name), variable.dtype);
        reads.set(name, { name, dtype, shape, node });
        return { name: node };
      }
      const fedAs = dtype === 'uint32' || dtype === 'int64' ? 'int32' : dtype;
      const node = placeholder(graph, name, fedAs, shape);
      fed.set(name, { name, dtype, shape, node });
      if (dtype === fedAs) return { name: node };
      return dtype === 'uint32'
        ? typed(emit, 'Bitcast', [{ name: node }], fedAs, { type: { dtype } })
        : converted(emit, { name: node }, fedAs, dtype);
    },
    constant: (dtype, shape, values) => ({
      name: graph.add('Const', [], { dtype: { dtype }, value: { tensor: { dtype, shape, values } } }),
    }),
    sizes(dimensions) {
      if (dimensions.every((size): size is number => typeof size === 'number'))
        return emit.constant('int32', [dimensions.length], dimensions);
      const key = dimensions.join();
      const node = placeholder(graph, `sizes ${key}`, 'int32', [dimensions.length]);
      sizeVectors.set(key, { node, dimensions });
      return { name: node };
    },
  };

  return {
    emit,
    fed,
    sizeVectors,
    reads,
    lower(outputs) {
      const precise = graph.precision === 'bf16' ? inBfloat16({ outputs }) : { outputs };
      const order = runOrderOf(precise.outputs);
      const values = new Map<Step, Value>();
      const valueOf = (step: Step): Value => {
        const value = values.get(step);
        if (value === undefined) throw new Error(`${step.node.op} is used before it is computed`);
        return value;
      };
      for (const step of order.steps) {
        const { node, inputs, waitsFor } = step;
        const late =
          waitsFor === undefined ? emit : { ...emit, apply: applyAfter([nodeOf(valueOf(waitsFor))]) };
        values.set(
          step,
          (graph.device === 'cpu' ? fusedCrossEntropy(late, step, valueOf) : undefined) ??
            fusedDropout(emit, late, step, valueOf) ??
            lowerings[node.op](late, inputs.map(valueOf), node),
        );
      }
      return Object.fromEntries(Object.entries(order.outputs).map(([name, step]) => [name, valueOf(step)]));
    },
  };
}

/** The node whose output the value is. */
const nodeOf = ({ name }: Value): string => name.replace(/:\d+$/, '');

/** The TensorFlow column of every family. */
const lowerings: Readonly<Record<OpName, Lowering>> = {
  ...source,
  ...layout,
  ...elementwise,
  ...reduction,
  ...matmul,
  ...normalization,
  ...activation,
  ...indexing,
  ...loss,
  ...random,
  ...selection,
};

/**
 * A cross entropy and its gradient, softmax(logits) less 1 at each label, are two outputs of one kernel. On a
 * GPU it refuses to run while ops must be deterministic (tensorflow/core/kernels/sparse_xent_op.cc, from
 * 2.8).
 */
function fusedCrossEntropy(
  emit: Emit,
  { node, inputs: [x, labels] }: Step,
  valueOf: (step: Step) => Value,
): Value | undefined {
  if (x === undefined || labels === undefined) return undefined;
  const kernel = (logits: Step, output: 0 | 1): Value =>
    emit.apply(
      'SparseSoftmaxCrossEntropyWithLogits',
      [valueOf(logits), countedLabels(emit, valueOf(labels))],
      { T: { dtype: 'float32' }, Tlabels: { dtype: 'int32' } },
      output,
    );
  if (node.op === 'CrossEntropy') return countedLosses(emit, kernel(x, 0), valueOf(labels));
  const [logarithm] = x.node.op === 'Exp' ? x.inputs : [];
  const [logits] = logarithm?.node.op === 'LogSoftmax' ? logarithm.inputs : [];
  return node.op === 'SubtractOneHot' && logits !== undefined ? kernel(logits, 1) : undefined;
}

/**
 * A product with a mask: what is dropped is kept as a byte an element, not as a factor of four, and shared
 * with a product that comes `late`.
 */
function fusedDropout(
  emit: Emit,
  late: Emit,
  { node, inputs: [x, mask] }: Step,
  valueOf: (step: Step) => Value,
): Value | undefined {
  if (node.op !== 'Multiply' || x === undefined || mask === undefined || !isMask(mask.node.op))
    return undefined;
  const { dropped, scale } = droppedBy(emit, mask.inputs.map(valueOf), mask.node);
  const scaled = typed(late, 'Mul', [valueOf(x), scalar(emit, scale)]);
  return typed(late, 'SelectV2', [dropped, scalar(emit, 0), scaled]);
}

/** The variable itself, for nodes that read or change it. Its name in the session is that of the plan. */
export function handleOf(graph: GraphWriter, held: Held, name: string): string {
  const variable = held.get(name);
  if (variable === undefined) throw new Error(`the session has no variable "${name}"`);
  return graph.add('VarHandleOp', [], {
    dtype: { dtype: variable.dtype },
    shape: { shape: variable.shape },
    shared_name: { text: name },
    container: { text: '' },
  });
}

/** `after`: nodes that the read comes after. */
export const readVariable = (
  graph: GraphWriter,
  handle: string,
  dtype: DType = 'float32',
  after: readonly string[] = [],
): string => graph.add('ReadVariableOp', [handle, ...after.map((node) => `^${node}`)], { dtype: { dtype } });

/** Returns the name of the node that performs the change. */
export const changeVariable = (
  graph: GraphWriter,
  operator: 'AssignVariableOp' | 'AssignAddVariableOp' | 'AssignSubVariableOp',
  handle: string,
  value: Value,
  after: readonly string[] = [],
  dtype: DType = 'float32',
): string =>
  graph.add(operator, [handle, value.name, ...after.map((node) => `^${node}`)], { dtype: { dtype } });

/** A node for each name and type: entries that feed the same share it. */
const placeholder = (graph: GraphWriter, name: string, dtype: DType, shape: Shape): string =>
  graph.add('Placeholder', [], { dtype: { dtype }, shape: { shape }, _name: { text: name } });
