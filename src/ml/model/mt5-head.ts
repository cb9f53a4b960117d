import { gradients } from '../autodiff/gradients.ts';
import type { Node } from '../tensor/node.ts';
import { add, addAll, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { reduceSum } from '../tensor/ops/layout.ts';
import { crossEntropy } from '../tensor/ops/loss.ts';
import { logSoftmax } from '../tensor/ops/normalization.ts';
import { reduceMean } from '../tensor/ops/reduction.ts';
import { input } from '../tensor/ops/source.ts';
import {
  blockGradients,
  blockLosses,
  blockScores,
  type HeadBlocks,
  type TokenLosses,
} from './head-blocks.ts';
import { headOf } from './mt5-stack.ts';
import { type Linear, type Mt5Trace, sumOfProducts } from './mt5-trace.ts';
import { tokensOf } from './packed-rows.ts';

export interface HeadOptions {
  readonly labelSmoothing?: number;
  /** The blocks of words that it is computed by; undefined: all words at once. */
  readonly blocks?: HeadBlocks | undefined;
}

export interface HeadLosses {
  /** The weighted sum of the tokens' losses, smoothed. */
  readonly loss: Node;
  /** [targetTokens]: the negative log-likelihood of each label. */
  readonly exact: Node;
  /** [targetTokens]: the same with label smoothing; undefined without smoothing. */
  readonly smoothed: Node | undefined;
}

/**
 * The cross entropies of the tokens. With smoothing, a share of each goes to all classes evenly, as
 * transformers' LabelSmoother (Szegedy et al. 2016). hidden [targetTokens, d]; reads labelFeeds.
 */
export function headLosses(
  trace: Mt5Trace,
  hidden: Node,
  { labelSmoothing = 0, blocks }: HeadOptions,
): HeadLosses {
  const head = headOf(trace, hidden);
  const { exact, smoothed } =
    blocks === undefined
      ? wholeLosses(head, labelSmoothing)
      : blockLosses(blockScores(head, blocks, labels()), labels(), labelSmoothing);
  return {
    loss: weighted(smoothed),
    exact,
    smoothed: labelSmoothing === 0 ? undefined : smoothed,
  };
}

export interface HeadGradients {
  readonly loss: Node;
  readonly ofHidden: Node;
  /** Of those parameters that the head itself reads. */
  readonly of: ReadonlyMap<Node, Node>;
}

/** The same loss and its gradients. */
export function headGradients(
  trace: Mt5Trace,
  hidden: Node,
  parameters: readonly Node[],
  { labelSmoothing = 0, blocks }: HeadOptions,
): HeadGradients {
  const entering = stopGradient(hidden);
  const head = headOf(trace, entering);
  const wanted = [entering, ...parameters];
  const { loss, found } =
    blocks === undefined
      ? wholeGradients(head, wanted, labelSmoothing)
      : gradientsByBlocks(head, wanted, blocks, labelSmoothing);
  const ofHidden = found.get(entering);
  if (ofHidden === undefined) throw new Error('the loss does not depend on the hidden states');
  return { loss, ofHidden, of: new Map([...found].filter(([node]) => node !== entering)) };
}

interface Found {
  readonly loss: Node;
  readonly found: ReadonlyMap<Node, Node>;
}

function wholeGradients(head: Linear, wanted: readonly Node[], labelSmoothing: number): Found {
  const loss = weighted(wholeLosses(head, labelSmoothing).smoothed);
  return { loss, found: summed([[wanted, gradients(loss, wanted)]]) };
}

function gradientsByBlocks(
  head: Linear,
  wanted: readonly Node[],
  blocks: HeadBlocks,
  labelSmoothing: number,
): Found {
  const scores = blockScores(head, blocks, labels());
  const loss = weighted(blockLosses(scores, labels(), labelSmoothing).smoothed);
  const { ofProducts, ofBias } = blockGradients(head, scores, blocks, {
    labels: labels(),
    weights: weights(),
    labelSmoothing,
    isTrained: (weight) => wanted.includes(weight),
  });
  const pulledBack = addAll(
    head.products.flatMap(({ x }, index) => {
      const ofX = ofProducts[index]?.ofX;
      return ofX === undefined ? [] : [reduceSum(multiply(x, stopGradient(ofX)))];
    }),
  );
  const found = summed([
    [head.products.map(({ weight }) => weight), ofProducts.map(({ ofWeight }) => ofWeight)],
    [wanted, gradients(pulledBack, wanted)],
    [head.bias === undefined ? [] : [head.bias], [ofBias]],
  ]);
  return { loss, found: new Map([...found].filter(([node]) => wanted.includes(node))) };
}

/** The gradients of each node, added up. */
function summed(
  terms: readonly (readonly [nodes: readonly Node[], gradients: readonly (Node | undefined)[]])[],
): ReadonlyMap<Node, Node> {
  const sums = new Map<Node, Node>();
  for (const [nodes, found] of terms)
    for (const [index, node] of nodes.entries()) {
      const [before, more] = [sums.get(node), found[index]];
      if (more !== undefined) sums.set(node, before === undefined ? more : add(before, more));
    }
  return sums;
}

const weighted = (losses: Node): Node => reduceSum(multiply(losses, weights()));

const labels = (): Node => input('target.labels', 'int32', [tokensOf('target')]);
/** How much each label counts in the loss. */
const weights = (): Node => input('target.weights', 'float32', [tokensOf('target')]);

function wholeLosses(head: Linear, labelSmoothing: number): TokenLosses {
  const logits = sumOfProducts(head);
  const exact = crossEntropy(logits, labels());
  const even = multiply(reduceMean(logSoftmax(logits), [-1]), -labelSmoothing);
  return { exact, smoothed: labelSmoothing === 0 ? exact : add(multiply(exact, 1 - labelSmoothing), even) };
}
