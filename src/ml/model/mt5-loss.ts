import { gradients } from '../autodiff/gradients.ts';
import { textAt } from '../tensor/attribute.ts';
import type { Graph, Node } from '../tensor/node.ts';
import { addAll, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { reduceSum } from '../tensor/ops/layout.ts';
import { inputsFirst } from '../tensor/walk.ts';
import type { HeadBlocks } from './head-blocks.ts';
import { headGradients, headLosses, type HeadOptions } from './mt5-head.ts';
import { checkpointedTrace } from './mt5-gradient-checkpointing.ts';
import { decode, encode } from './mt5-stack.ts';
import type { Mt5Trace } from './mt5-trace.ts';

export interface TrainingOptions {
  readonly labelSmoothing?: number;
  /**
   * Computes each layer again on the way back instead of keeping what is inside it: less memory, about a
   * third more work.
   */
  readonly gradientCheckpointing?: boolean;
  /** The blocks of words that the head is computed by: see blocksOfHead. */
  readonly headBlocks?: HeadBlocks | undefined;
}

/** A graph that gives a loss and the gradients of some parameters. */
export interface TrainingGraph {
  /** Outputs: "loss", "gradient.<parameter>" of the parameter's shape, and those that `lookups` names. */
  readonly graph: Graph;
  /** The parameters whose gradient is an output; a parameter used only for lookups is not among them. */
  readonly dense: readonly string[];
  readonly lookups: readonly Lookup[];
}

/**
 * Part of a table's gradient: row `i` of the output belongs to the table's row that element `i` of the feed
 * names.
 */
export interface Lookup {
  readonly parameter: string;
  /** float32, the shape of the indices followed by that of a row. */
  readonly output: string;
  /** The name of the int32 feed. */
  readonly indices: string;
}

/**
 * Loss and gradients of a batch of pairs. Feeds: sourceFeeds, targetFeeds, labelFeeds, the parameters, and
 * what the trace's dropout reads.
 */
export function trainingGraph(
  trace: Mt5Trace,
  trainable: ReadonlyMap<string, Node>,
  { labelSmoothing = 0, gradientCheckpointing = false, headBlocks }: TrainingOptions = {},
): TrainingGraph {
  const { traced, gradientsOf } = gradientCheckpointing
    ? checkpointedTrace(trace)
    : { traced: trace, gradientsOf: gradients };
  const hidden = decode(traced, encode(traced).last).last;
  const head = headGradients(trace, hidden, [...trainable.values()], { labelSmoothing, blocks: headBlocks });
  const uses = usesOf(head.loss, trainable);
  const dense = [...trainable].filter(([, node]) => uses.dense.has(node));
  const lookups = uses.gathers.map((each, index) => ({ ...each, output: `rows.${index}.${each.parameter}` }));
  // In this order an engine that works from the last output to the first goes through the layers as the
  // gradient does, and can drop what a layer needed when it has left it: onnxruntime orders the nodes so.
  const wanted = [
    ...lookups.map(({ gather, output }) => ({ node: gather, output })),
    ...dense.map(([name, node]) => ({ node, output: `gradient.${name}` })),
  ];
  const ofNodes = gradientsOf(
    reduceSum(multiply(hidden, stopGradient(head.ofHidden))),
    wanted.map(({ node }) => node),
  );
  const gradientAt = (index: number, node: Node): Node => {
    const parts = [ofNodes[index], head.of.get(node)].filter((part) => part !== undefined);
    if (parts.length === 0) throw new Error('the loss does not depend on the parameters to differentiate by');
    return addAll(parts);
  };
  return {
    graph: {
      outputs: {
        loss: head.loss,
        ...Object.fromEntries(wanted.map(({ node, output }, index) => [output, gradientAt(index, node)])),
      },
    },
    dense: dense.map(([name]) => name),
    lookups: lookups.map(({ parameter, indices, output }) => ({ parameter, indices, output })),
  };
}

/**
 * The losses in evaluation; like the Trainer, it applies label smoothing there too. Outputs: "loss", as in a
 * training step; for each label token, row by row, "exact" and, with smoothing, "smoothed" [targetTokens].
 */
export function lossGraph(trace: Mt5Trace, options: HeadOptions = {}): Graph {
  const { loss, exact, smoothed } = headLosses(trace, decode(trace, encode(trace).last).last, options);
  return { outputs: { loss, exact, ...(smoothed === undefined ? {} : { smoothed }) } };
}

interface Uses {
  readonly dense: ReadonlySet<Node>;
  readonly gathers: readonly {
    readonly gather: Node;
    readonly parameter: string;
    readonly indices: string;
  }[];
}

/** How the loss uses the parameters: in products and sums, or by looking rows up. */
function usesOf(loss: Node, trainable: ReadonlyMap<string, Node>): Uses {
  const nodes = inputsFirst([loss]);
  const gathers = nodes.flatMap((gather) => {
    const [table, indices] = gather.inputs;
    if (gather.op !== 'Gather' || table?.op !== 'Input' || indices?.op !== 'Input') return [];
    const parameter = textAt(table.attributes, 'name');
    return trainable.has(parameter)
      ? [{ gather, parameter, indices: textAt(indices.attributes, 'name') }]
      : [];
  });
  return { dense: new Set(nodes), gathers };
}
