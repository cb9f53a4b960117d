/**
 * An ONNX graph as data: what onnx-file.ts writes. Names of values are unique in a graph and in those that
 * enclose it.
 */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly graph: OnnxGraph };

export type OnnxType = 'float32' | 'int64' | 'bool';

/** A size is known, or has a name. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

/** A constant; its bytes, little-endian and row-major, are made when they are written. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly load: () => Promise<Uint8Array>;
}

/** A graph with its constants. */
export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly tensors: readonly OnnxTensor[];
}
