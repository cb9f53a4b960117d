import { gradients } from '../autodiff/gradients.ts';
import { difference, productOf } from '../tensor/dimension.ts';
import type { Dimension, Node } from '../tensor/node.ts';
import { add, addAll, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { joined, pad, reduceSum, reshape, slice } from '../tensor/ops/layout.ts';
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
  /**
   * The number of parts that the tokens are split into, one after the other: the logits of a part are freed
   * before those of the next are computed.
   */
  readonly parts?: number;
}

/**
 * How many parts the head needs for so many tokens. mT5's 250,112 pieces make the logits by far the largest
 * tensors of a step: 2 GB at 4 x 512 tokens, more than once, while the gradients of a part's hidden states
 * and of the head are small.
 */
export const partsOfHead = (tokens: number, vocabSize: number): number =>
  Math.max(1, Math.ceil((tokens * vocabSize) / mostLogits));

/** Of one part: 256 MB. */
const mostLogits = 2 ** 26;

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
 * transformers' LabelSmoother (Szegedy et al. 2016). hidden [targetTokens, d]; reads labelFeeds of as many
 * parts.
 */
export function headLosses(
  trace: Mt5Trace,
  hidden: Node,
  { labelSmoothing = 0, parts = 1 }: HeadOptions,
): HeadLosses {
  const losses: PartLosses[] = [];
  for (let part = 0; part < parts; part += 1) {
    const after = losses.slice(-1).map(({ loss }) => loss);
    const entering = controlDependency(after)(partOf(hidden, part, parts));
    losses.push(partLosses(trace, entering, part, parts, labelSmoothing));
  }
  return {
    loss: addAll(losses.map(({ loss }) => loss)),
    exact: ofTokens(losses.map(({ exact }) => exact)),
    smoothed: labelSmoothing === 0 ? undefined : ofTokens(losses.map(({ smoothed }) => smoothed)),
  };
}

export interface HeadGradients {
  readonly loss: Node;
  readonly ofHidden: Node;
  /** Of those parameters that the head itself reads. */
  readonly of: ReadonlyMap<Node, Node>;
}

/**
 * The same loss and its gradients: each part's gradients are computed with its loss, so that only sums are
 * kept.
 */
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
    const { loss } = partLosses(trace, entering, part, parts, labelSmoothing);
    const [ofEntering, ...ofParameters] = gradients(loss, [entering, ...parameters]);
    if (ofEntering === undefined) throw new Error('the loss does not depend on the hidden states');
    losses.push(loss);
    ofHidden.push(ofEntering);
    for (const [index, parameter] of parameters.entries()) {
      const [before, more] = [sums.get(parameter), ofParameters[index]];
      if (more !== undefined) sums.set(parameter, before === undefined ? more : add(before, more));
    }
  }
  return { loss: addAll(losses), ofHidden: ofTokens(ofHidden), of: sums };
}

/** The tokens of all parts, without what fills up the last. */
const ofTokens = (parts: readonly Node[]): Node => slice(joined(parts, 0), 0, 0, tokensOf('target'));

interface PartLosses {
  readonly loss: Node;
  /** [partTokens] */
  readonly exact: Node;
  readonly smoothed: Node;
}

function partLosses(
  trace: Mt5Trace,
  hidden: Node,
  part: number,
  parts: number,
  labelSmoothing: number,
): PartLosses {
  const dropout: Mt5Trace['dropout'] = (x, site, after = (node) => node) =>
    trace.dropout(x, site, (tokens) => after(partOf(tokens, part, parts)));
  const logits = logitsOf({ ...trace, dropout }, hidden);
  const row = (node: Node): Node => reshape(slice(node, 0, part, 1), [partTokens]);
  const exact = crossEntropy(logits, row(input('target.labels', 'int32', [parts, partTokens])));
  const weights = row(input('target.weights', 'float32', [parts, partTokens]));
  const smoothed = labelSmoothing === 0 ? exact : smooth(exact, logits, labelSmoothing);
  return { loss: reduceSum(multiply(smoothed, weights)), exact, smoothed };
}

const smooth = (exact: Node, logits: Node, share: number): Node =>
  add(multiply(exact, 1 - share), multiply(reduceMean(logSoftmax(logits), [-1]), -share));

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
