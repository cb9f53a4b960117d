import { gradients } from '../../src/ml/autodiff/gradients.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { multiply } from '../../src/ml/tensor/ops/elementwise.ts';
import { reduceSum } from '../../src/ml/tensor/ops/layout.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';
import { nodesOf, type OpCase } from './op-cases.ts';

/**
 * A case with a scalar made from it: the sum of its result's elements, each with a weight of its own
 * ("upstream").
 */
export interface Differentiated {
  readonly result: Node;
  /** The weighted sum; undefined where the result has no real numbers. */
  readonly scalar: Node | undefined;
  /** Of the scalar, by the name of the input; undefined where there is none. */
  readonly gradients: ReadonlyMap<string, Node | undefined>;
}

export function differentiated(opCase: OpCase): Differentiated {
  const { inputs, result } = nodesOf(opCase);
  if (result.dtype !== 'float32') return { result, scalar: undefined, gradients: new Map() };
  const scalar = reduceSum(multiply(result, input('upstream', 'float32', result.shape)));
  const wanted = inputs.filter((_, i) => opCase.inputs[i]?.dtype === 'float32' && !isTable(opCase, i));
  const found = gradients(scalar, wanted);
  return {
    result,
    scalar,
    gradients: new Map(wanted.map((node, i) => [String(node.attributes['name']), found[i]])),
  };
}

/**
 * A table that is gathered from has no gradient in the graph: asking for it is an error, tested on its own.
 */
const isTable = ({ inputs }: OpCase, i: number): boolean => inputs[i]?.name === 'table';
