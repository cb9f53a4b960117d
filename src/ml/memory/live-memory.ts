import { evaluate } from '../tensor/dimension.ts';
import type { Graph } from '../tensor/node.ts';
import { inputsFirst } from '../tensor/walk.ts';

/** What the values of a graph take, in bytes. */
export interface LiveMemory {
  /** At most, at one time. */
  readonly activations: number;
  /** The part of them that is logits, and values computed from these. */
  readonly logits: number;
  /** The peak that the engine's allocator has used: memory that it does not return. */
  readonly touched: number;
}

export interface LiveOptions {
  /** The named sizes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Of the model: it tells which values are logits. */
  readonly vocabulary: number;
  /** Outputs that are written to memory which exists anyway, or is counted apart. */
  readonly isElsewhere: (output: string) => boolean;
}

/** The test of a shape: whether such a value is one of the logits, of all words or of a block of them. */
export function logitsTest(
  graph: Graph,
  vocabulary: number,
  sizes: ReadonlyMap<string, number>,
): (shape: readonly number[]) => boolean {
  const blocks = new Set(
    inputsFirst(Object.values(graph.outputs)).flatMap(({ op, inputs: [scores] }) =>
      op === 'LabelScores' && scores !== undefined
        ? [scores.shape.map((size) => evaluate(size, sizes)).join()]
        : [],
    ),
  );
  return (shape) => shape.length === 2 && (shape[1] === vocabulary || blocks.has(shape.join()));
}
