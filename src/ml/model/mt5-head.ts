import { gradients } from '../autodiff/gradients.ts';
import { difference, productOf } from '../tensor/dimension.ts';
import type { Dimension, Node } from '../tensor/node.ts';
import { add, addAll, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { concat, pad, reduceSum, reshape, slice } from '../tensor/ops/layout.ts';
import { crossEntropy } from '../tensor/ops/loss.ts';
import { logSoftmax } from '../tensor/ops/normalization.ts';
import { reduceMean } from '../tensor/ops/reduction.ts';
import { input } from '../tensor/ops/source.ts';
import { logitsOf } from './mt5-stack.ts';
import type { Mt5Trace } from './mt5-trace.ts';
import { tokensOf } from './packed-rows.ts';
import { controlDependency } from './control-dependency.ts';

export interface HeadOptions {
  readonly labelSmoothing?: number;
  /** How many parts the tokens are taken in, one after the other: the logits of one are gone before those of the next are made. */
  readonly parts?: number;
}

/**
 * How many parts the head needs for so many tokens. mT5's 250,112 pieces make the logits by far the largest tensors of a
 * step: 2 GB at 4 x 512 tokens, more than once, while the gradients of a part's hidden states and of the head are small.
 */
export const partsOfHead = (tokens: number, vocabSize: number): number =>
  Math.max(1, Math.ceil((tokens * vocabSize) / mostLogits));

/** Of one part: 256 MB. */
const mostLogits = 2 ** 26;

/**
 * The weighted sum of the tokens' cross entropies. With smoothing, a share of it goes to all classes evenly, as
 * transformers' LabelSmoother (Szegedy et al. 2016). hidden [targetTokens, d]; reads labelFeeds of as many parts.
 */
export function headLoss(
  trace: Mt5Trace,
  hidden: Node,
  { labelSmoothing = 0, parts = 1 }: HeadOptions,
): Node {
  const losses: Node[] = [];
  for (let part = 0; part < parts; part += 1)
    losses.push(
      partLoss(
        trace,
        controlDependency(losses.slice(-1))(partOf(hidden, part, parts)),
        part,
        parts,
        labelSmoothing,
      ),
    );
  return addAll(losses);
}

export interface HeadGradients {
  readonly loss: Node;
  readonly ofHidden: Node;
  /** Of those parameters that the head itself reads. */
  readonly of: ReadonlyMap<Node, Node>;
}

/** The same loss and its gradients: those of a part are made with its loss, so that nothing of it but sums is kept. */
export function headGradients(
  trace: Mt5Trace,
  hidden: Node,
  parameters: readonly Node[],
  { labelSmoothing = 0, parts = 1 }: HeadOptions,
): HeadGradients {
  const losses: Node[] = [];
  const ofHidden: Node[] = [];
  const sums = new Map<Node, Node>();
  for (let part = 0; part < parts; part += 1) {
    const entering = stopGradient(
      controlDependency([...losses.slice(-1), ...ofHidden.slice(-1), ...sums.values()])(
        partOf(hidden, part, parts),
      ),
    );
    const loss = partLoss(trace, entering, part, parts, labelSmoothing);
    const [slope, ...slopes] = gradients(loss, [entering, ...parameters]);
    if (slope === undefined) throw new Error('the loss does not depend on the hidden states');
    losses.push(loss);
    ofHidden.push(slope);
    for (const [index, parameter] of parameters.entries()) {
      const [before, more] = [sums.get(parameter), slopes[index]];
      if (more !== undefined) sums.set(parameter, before === undefined ? more : add(before, more));
    }
  }
  return { loss: addAll(losses), ofHidden: slice(joined(ofHidden), 0, 0, tokensOf('target')), of: sums };
}

function partLoss(trace: Mt5Trace, hidden: Node, part: number, parts: number, labelSmoothing: number): Node {
  const dropout: Mt5Trace['dropout'] = (x, site, after = (node) => node) =>
    trace.dropout(x, site, (tokens) => after(partOf(tokens, part, parts)));
  const logits = logitsOf({ ...trace, dropout }, hidden);
  const row = (node: Node): Node => reshape(slice(node, 0, part, 1), [partTokens]);
  const hard = crossEntropy(logits, row(input('target.labels', 'int32', [parts, partTokens])));
  const weights = row(input('target.weights', 'float32', [parts, partTokens]));
  if (labelSmoothing === 0) return reduceSum(multiply(hard, weights));
  const even = multiply(reduceMean(logSoftmax(logits), [-1]), -labelSmoothing);
  return reduceSum(multiply(add(multiply(hard, 1 - labelSmoothing), even), weights));
}

/** The tokens of a part; the last one may be filled up. x [targetTokens, …] -> [partTokens, …] */
function partOf(x: Node, part: number, parts: number): Node {
  const all = productOf([parts, partTokens]);
  return slice(
    pad(x, 0, 0, difference(all, tokensOf('target'))),
    0,
    productOf([part, partTokens]),
    partTokens,
  );
}

const partTokens: Dimension = 'partTokens';

function joined(nodes: readonly Node[]): Node {
  const [first, ...rest] = nodes;
  if (first === undefined) throw new Error('a head has at least one part');
  return concat([first, ...rest], 0);
}
