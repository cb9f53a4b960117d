import { gradients } from '../autodiff/gradients.ts';
import { textAt } from '../tensor/attribute.ts';
import type { Graph, Node } from '../tensor/node.ts';
import { add, multiply } from '../tensor/ops/elementwise.ts';
import { reduceSum } from '../tensor/ops/layout.ts';
import { crossEntropy } from '../tensor/ops/loss.ts';
import { logSoftmax } from '../tensor/ops/normalization.ts';
import { reduceMean } from '../tensor/ops/reduction.ts';
import { input } from '../tensor/ops/source.ts';
import { inputsFirst } from '../tensor/walk.ts';
import { decode, encode, logitsOf } from './mt5-stack.ts';
import { recomputing } from './mt5-recompute.ts';
import type { Mt5Trace } from './mt5-trace.ts';

export interface TrainingOptions {
  readonly labelSmoothing?: number;
  /** Computes each layer again on the way back instead of keeping what is inside it: less memory, about a third more work. */
  readonly recompute?: boolean;
}

/** A graph that gives a loss and the gradients of some parameters. */
export interface TrainingGraph {
  /** Outputs: "loss", "gradient.<parameter>" of the parameter's shape, and those that `lookups` names. */
  readonly graph: Graph;
  /** The parameters whose gradient is an output; one that is only looked up is not among them. */
  readonly dense: readonly string[];
  readonly lookups: readonly Lookup[];
}

/** Part of a table's gradient: row `i` of the output belongs to the table's row that element `i` of the feed names. */
export interface Lookup {
  readonly parameter: string;
  /** float32, the shape of the indices followed by that of a row. */
  readonly output: string;
  /** The name of the int32 feed. */
  readonly indices: string;
}

/**
 * Loss and gradients of a batch of pairs. Feeds: sourceFeeds, targetFeeds, labelFeeds, the parameters, and what the trace's
 * dropout reads.
 */
export function trainingGraph(trace: Mt5Trace, trainable: ReadonlyMap<string, Node>, { labelSmoothing = 0, recompute = false }: TrainingOptions = {}): TrainingGraph {
  const { traced, gradientsOf } = recompute ? recomputing(trace) : { traced: trace, gradientsOf: gradients };
  const loss = pairLoss(traced, labelSmoothing);
  const uses = usesOf(loss, trainable);
  const dense = [...trainable].filter(([, node]) => uses.dense.has(node));
  const lookups = uses.gathers.map((each, index) => ({ ...each, output: `rows.${index}.${each.parameter}` }));
  // In this order an engine that works from the last output to the first goes through the layers as the gradient does, and can
  // drop what a layer needed when it has left it: onnxruntime orders the nodes so.
  const wanted = [...lookups.map(({ gather, output }) => ({ node: gather, output })), ...dense.map(([name, node]) => ({ node, output: `gradient.${name}` }))];
  const slopes = gradientsOf(loss, wanted.map(({ node }) => node));
  return {
    graph: { outputs: { loss, ...Object.fromEntries(wanted.map(({ output }, index) => [output, at(slopes, index)])) } },
    dense: dense.map(([name]) => name),
    lookups: lookups.map(({ parameter, indices, output }) => ({ parameter, indices, output })),
  };
}

/** The loss alone, as it is evaluated; the Trainer smooths labels there too. Output: "loss". */
export const lossGraph = (trace: Mt5Trace, labelSmoothing = 0): Graph => ({ outputs: { loss: pairLoss(trace, labelSmoothing) } });

/**
 * The weighted sum of the tokens' cross entropies. With smoothing, a share of it goes to all classes evenly, as
 * transformers' LabelSmoother (Szegedy et al. 2016).
 */
function pairLoss(trace: Mt5Trace, labelSmoothing: number): Node {
  const logits = logitsOf(trace, decode(trace, encode(trace).last).last);
  const labels = input('target.labels', 'int32', ['targetTokens']);
  const weights = input('target.weights', 'float32', ['targetTokens']);
  const hard = crossEntropy(logits, labels);
  if (labelSmoothing === 0) return reduceSum(multiply(hard, weights));
  const even = multiply(reduceMean(logSoftmax(logits), [-1]), -labelSmoothing);
  return reduceSum(multiply(add(multiply(hard, 1 - labelSmoothing), even), weights));
}

interface Uses {
  readonly dense: ReadonlySet<Node>;
  readonly gathers: readonly { readonly gather: Node; readonly parameter: string; readonly indices: string }[];
}

/** How the loss uses the parameters: in products and sums, or by looking rows up. */
function usesOf(loss: Node, trainable: ReadonlyMap<string, Node>): Uses {
  const nodes = inputsFirst([loss]);
  const gathers = nodes.flatMap((gather) => {
    const [table, indices] = gather.inputs;
    if (gather.op !== 'Gather' || table?.op !== 'Input' || indices?.op !== 'Input') return [];
    const parameter = textAt(table.attributes, 'name');
    return trainable.has(parameter) ? [{ gather, parameter, indices: textAt(indices.attributes, 'name') }] : [];
  });
  return { dense: new Set(nodes), gathers };
}

function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`there is no element ${index} in a list of ${list.length}`);
  return element;
}
