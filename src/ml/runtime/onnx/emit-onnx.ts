import type { Emit, Lowering, OperatorAttribute, Value } from '../../tensor/emit.ts';
import type { Graph, Node, Shape } from '../../tensor/node.ts';
import type { OpName } from '../../tensor/op.ts';
import { onnx as activation } from '../../tensor/ops/activation.ts';
import { onnx as elementwise } from '../../tensor/ops/elementwise.ts';
import { onnx as indexing } from '../../tensor/ops/indexing.ts';
import { onnx as layout } from '../../tensor/ops/layout.ts';
import { onnx as loss } from '../../tensor/ops/loss.ts';
import { onnx as matmul } from '../../tensor/ops/matmul.ts';
import { onnx as normalization } from '../../tensor/ops/normalization.ts';
import { onnx as random } from '../../tensor/ops/random.ts';
import { onnx as reduction } from '../../tensor/ops/reduction.ts';
import { onnx as selection } from '../../tensor/ops/selection.ts';
import { onnx as source } from '../../tensor/ops/source.ts';
import { inputsFirst } from '../../tensor/walk.ts';
import type { OnnxConstant, OnnxGraph, OnnxInput, OnnxNode } from './model-proto.ts';
import { stridedProducts } from './strided-products.ts';

/** A graph written in ONNX operators, and how to feed it. */
export interface EmittedGraph {
  readonly graph: OnnxGraph;
  readonly inputs: readonly FedInput[];
  /** int64 vectors to be fed beside them: sizes that follow from the shapes of the feeds. */
  readonly sizeVectors: readonly SizeVector[];
  /** Name of each output in the caller's graph -> in the ONNX graph. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** An input that the caller feeds, by the name it has in the caller's graph. */
export interface FedInput extends OnnxInput {
  /** Its name in the ONNX graph. */
  readonly inner: string;
}

export interface SizeVector {
  readonly name: string;
  readonly dimensions: Shape;
}

/** Lowers a legal graph to ONNX operators. */
export function emitOnnx(graph: Graph): EmittedGraph {
  const { outputs } = stridedProducts(graph);
  const emitter = createEmitter();
  const values = new Map<Node, Value>();
  for (const node of inputsFirst(Object.values(outputs)))
    values.set(
      node,
      lowerings[node.op](
        emitter.emit,
        node.inputs.map((input) => known(values, input)),
        node,
      ),
    );
  const taken = new Set<string>();
  const names = Object.entries(outputs).map(([name, node]) => {
    let { name: inner } = emitter.asOutput(known(values, node));
    // Every output gets a name of its own, since each may be written to a place of its own.
    while (taken.has(inner)) inner = emitter.emit.apply('Identity', [{ name: inner }]).name;
    taken.add(inner);
    return [name, inner] as const;
  });
  return emitter.finish(Object.fromEntries(names));
}

/** The ONNX column of every family. */
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

function known(values: ReadonlyMap<Node, Value>, node: Node): Value {
  const value = values.get(node);
  if (value === undefined) throw new Error(`${node.op} is used before it is computed`);
  return value;
}

/** Collects operators; an operator applied again to the same values is reused. */
function createEmitter(): {
  emit: Emit;
  asOutput(value: Value): Value;
  finish(outputs: Readonly<Record<string, string>>): EmittedGraph;
} {
  const applied = new Map<string, OnnxNode & { readonly outputs: string[] }>();
  const constants = new Map<string, OnnxConstant>();
  const inputs = new Map<string, FedInput>();
  const vectors = new Map<string, SizeVector>();
  let count = 0;

  const emit: Emit = {
    apply(operator, of, attributes = {}, output = 0) {
      const key = applicationKey(operator, of, attributes);
      let node = applied.get(key);
      if (node === undefined)
        applied.set(key, (node = { operator, inputs: of.map(({ name }) => name), outputs: [], attributes }));
      while (node.outputs.length <= output) node.outputs.push(`%${count++}`);
      return { name: node.outputs[output] ?? '' };
    },
    input(name, dtype, shape) {
      const inner = `in:${name}`; // this project uses no name with this prefix
      inputs.set(name, { name, inner, dtype, shape });
      return { name: inner };
    },
    constant(dtype, shape, values) {
      const texts = values.map((value) => (Object.is(value, -0) ? '-0' : value));
      const key = `${dtype}[${shape.join()}]${texts.join()}`;
      const constant = constants.get(key) ?? { name: `%${count++}`, dtype, shape, values };
      constants.set(key, constant);
      return { name: constant.name };
    },
    sizes(dimensions) {
      if (dimensions.every((size): size is number => typeof size === 'number'))
        return emit.constant('int64', [dimensions.length], dimensions);
      const key = dimensions.join();
      const vector = vectors.get(key) ?? { name: `%sizes(${key})`, dimensions };
      vectors.set(key, vector);
      return { name: vector.name };
    },
  };

  return {
    emit,
    /** An input or a constant needs an operator to become an output. */
    asOutput: (value) =>
      value.name.startsWith('in:') || [...constants.values()].some(({ name }) => name === value.name)
        ? emit.apply('Identity', [value])
        : value,
    finish: (outputs) => ({
      graph: {
        nodes: [...applied.values()],
        inputs: [
          ...[...inputs.values()].map(({ inner, dtype, shape }): OnnxInput => ({
            name: inner,
            dtype,
            shape,
          })),
          ...[...vectors.values()].map(({ name, dimensions }): OnnxInput => ({
            name,
            dtype: 'int64',
            shape: [dimensions.length],
          })),
        ],
        constants: [...constants.values()],
        outputs: Object.values(outputs),
      },
      inputs: [...inputs.values()],
      sizeVectors: [...vectors.values()],
      outputs,
    }),
  };
}

const applicationKey = (
  operator: string,
  of: readonly Value[],
  attributes: Readonly<Record<string, OperatorAttribute>>,
): string => JSON.stringify([operator, of.map(({ name }) => name), attributes]);
