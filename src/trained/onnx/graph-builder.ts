import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from './onnx-graph.ts';

/** Collects the nodes of a graph. Functions return the name of their result. */
export interface GraphBuilder {
  apply(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): string;
  /** A node with several outputs. */
  applyAll(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    count: number,
  ): readonly string[];
  input(name: string, type: OnnxType, shape: OnnxValue['shape']): string;
  output(value: string, name: string, type: OnnxType, shape: OnnxValue['shape']): void;
  /** A small constant; repeated requests return the same one. */
  constant(type: OnnxType, shape: readonly number[], values: readonly number[]): string;
  /** A constant whose elements are read when they are written, once for any number of uses. */
  weight(tensor: OnnxTensor): string;
  /** Another graph that sees all values of this one, as a branch of an `If`. */
  branch(name: string, build: (branch: GraphBuilder) => void): OnnxGraph;
}

interface BuiltGraph {
  readonly builder: GraphBuilder;
  finish(): { readonly graph: OnnxGraph; readonly tensors: readonly OnnxTensor[] };
}

/** A builder of an empty graph; `finish` gives what was built, and its constants. */
export function graphBuilder(name: string): BuiltGraph {
  const tensors = new Map<string, OnnxTensor>();
  let count = 0;
  const fresh = (operator: string): string => `${operator}_${count++}`;
  const { builder, graph } = collector(name, tensors, fresh);
  return { builder, finish: () => ({ graph: graph(), tensors: [...tensors.values()] }) };
}

/** Constants of branches are those of the graph around them. */
function collector(
  name: string,
  tensors: Map<string, OnnxTensor>,
  fresh: (operator: string) => string,
): { readonly builder: GraphBuilder; readonly graph: () => OnnxGraph } {
  const nodes: OnnxNode[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const builder: GraphBuilder = {
    apply: (operator, of, attributes = {}) => builder.applyAll(operator, of, attributes, 1)[0] ?? '',
    applyAll(operator, of, attributes, amount) {
      const made = Array.from({ length: amount }, () => fresh(operator));
      nodes.push({ operator, inputs: of, outputs: made, attributes });
      return made;
    },
    input(named, type, shape) {
      inputs.push({ name: named, type, shape });
      return named;
    },
    output(value, named, type, shape) {
      nodes.push({ operator: 'Identity', inputs: [value], outputs: [named], attributes: {} });
      outputs.push({ name: named, type, shape });
    },
    constant(type, shape, values) {
      const named = `${type}[${shape.join()}]=${values.join()}`;
      return builder.weight({
        name: named.length > 60 ? `${type}_${fresh('constant')}` : named,
        type,
        shape,
        bytes: values.length * elementSize[type],
        load: async () => bytesOf(type, values),
      });
    },
    weight(tensor) {
      if (!tensors.has(tensor.name)) tensors.set(tensor.name, tensor);
      return tensor.name;
    },
    branch(named, build) {
      const inner = collector(named, tensors, fresh);
      build(inner.builder);
      return inner.graph();
    },
  };
  return { builder, graph: () => ({ name, nodes, inputs, outputs }) };
}

const elementSize = { float32: 4, int64: 8, bool: 1 } as const satisfies Record<OnnxType, number>;

function bytesOf(type: OnnxType, values: readonly number[]): Uint8Array {
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    case 'bool':
      return Uint8Array.from(values);
  }
}
