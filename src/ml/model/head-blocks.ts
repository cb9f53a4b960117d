import type { Node } from '../tensor/node.ts';
import { add, cast, equal, exp, log, multiply, subtract } from '../tensor/ops/elementwise.ts';
import { joined, reduceSum, reshape, slice } from '../tensor/ops/layout.ts';
import { ignoredLabel, labelScores, subtractAtLabels } from '../tensor/ops/loss.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { reduceMax } from '../tensor/ops/reduction.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { ComputingPlace } from './computing-place.ts';
import { controlDependency } from './control-dependency.ts';
import type { Linear } from './mt5-trace.ts';

/** How a head is computed by blocks of words, one after the other. */
export interface HeadBlocks {
  readonly count: number;
  /**
   * Computes the scores of a block again for its gradient, so that those of one block are in memory at a
   * time: a third more work.
   */
  readonly recompute: boolean;
}

export interface HeadPlace extends ComputingPlace {
  /** Whether a GPU shall spend more time to need less memory. */
  readonly savesMemory: boolean;
}

/**
 * The blocks for so many tokens; undefined: all words at once. onnxruntime computes products with many words
 * faster by blocks whose scores stay in the processor's cache. TensorFlow gains 2 % at most, and keeps more
 * in memory. On both, blocks keep mT5's 250,112 words from making the logits by far the largest tensors of a
 * step: 2 GB at 4 x 512 tokens, more than once.
 */
export function blocksOfHead(
  tokens: number,
  words: number,
  { runtime, device, savesMemory }: HeadPlace,
): HeadBlocks | undefined {
  const recompute = tokens * words > mostLogits && (device === 'cpu' || savesMemory);
  const forMemory = Math.ceil((tokens * words) / mostLogits);
  const forCache = runtime === 'onnx' && words >= manyWords ? Math.ceil(words / wordsOfBlock) : 1;
  const count = Math.max(forMemory, Math.min(forCache, mostBlocks));
  return count > 1 ? { count, recompute } : undefined;
}

/** So many logits are kept for their gradient, 256 MB; or make a block, where a GPU keeps all. */
const mostLogits = 2 ** 26;
/** With fewer words, products with all of them at once are as fast. */
const manyWords = 8192;
const wordsOfBlock = 1024;
/**
 * The time that onnxruntime takes to open a session grows with the square of their number: 20 s of CPU time with
 * 245 blocks, 3 s with 62, and steps take as long.
 */
const mostBlocks = 64;

interface Block {
  readonly first: number;
  readonly words: number;
}

interface BlockScores {
  readonly block: Block;
  /** exp(score - largest) [words, tokens] */
  readonly exponentials: Node;
  /** [1, tokens] */
  readonly largest: Node;
  /** Of the exponentials: [1, tokens] */
  readonly sum: Node;
  /** [tokens]: the score of the label, 0 where another block has it. */
  readonly ofLabel: Node;
  /** Of the scores, for label smoothing: [tokens] */
  readonly total: Node;
}

export interface HeadScores {
  readonly blocks: readonly BlockScores[];
  readonly words: number;
  /** Of the sum of the exponentials of all scores: [1, tokens] */
  readonly logarithm: Node;
}

/**
 * The scores of all words. They lie by words, [words, tokens]: so neither their products nor those of the
 * weight's gradient have a large transposed left side, which onnxruntime is slow at.
 */
export function blockScores(head: Linear, { count }: HeadBlocks, labels: Node): HeadScores {
  const words = wordsOf(head);
  const blocks: BlockScores[] = [];
  for (const block of blocksOf(words, count)) {
    const before = blocks.slice(-1).flatMap(({ sum, ofLabel, total }) => [sum, ofLabel, total]);
    const scores = scoresOf(head, block, controlDependency(before));
    const largest = reduceMax(scores, [0], true);
    const exponentials = exp(subtract(scores, largest));
    blocks.push({
      block,
      exponentials,
      largest,
      sum: reduceSum(exponentials, [0], true),
      ofLabel: labelScores(scores, labels, block.first),
      total: reduceSum(scores, [0]),
    });
  }
  const all = (of: (block: BlockScores) => Node): Node => joined(blocks.map(of), 0);
  const largest = all((block) => block.largest);
  const most = reduceMax(largest, [0], true);
  const sums = multiply(
    all(({ sum }) => sum),
    exp(subtract(largest, most)),
  );
  return { blocks, words, logarithm: add(most, log(reduceSum(sums, [0], true))) };
}

export interface TokenLosses {
  /** [tokens]: the negative log-likelihood of each label; 0 where it is ignored. */
  readonly exact: Node;
  /** [tokens]: the same with label smoothing. */
  readonly smoothed: Node;
}

/** The losses of tokens, from the scores of all blocks. */
export function blockLosses(
  { blocks, words, logarithm }: HeadScores,
  labels: Node,
  labelSmoothing: number,
): TokenLosses {
  const whole = reshape(logarithm, labels.shape);
  const ofLabel = blocks.map((block) => block.ofLabel).reduce((sum, each) => add(sum, each));
  const counted = subtract(1, cast(equal(labels, ignoredLabel), 'float32'));
  const exact = multiply(subtract(whole, ofLabel), counted);
  if (labelSmoothing === 0) return { exact, smoothed: exact };
  const total = blocks.map((block) => block.total).reduce((sum, each) => add(sum, each));
  const even = subtract(whole, multiply(total, 1 / words));
  return { exact, smoothed: add(multiply(exact, 1 - labelSmoothing), multiply(even, labelSmoothing)) };
}

/** Of a product of the head. */
export interface ProductGradients {
  readonly ofX: Node;
  readonly ofWeight: Node | undefined;
}

/**
 * The gradients of the sum of the weighted losses, where a token's is the softmax of its scores less 1 at the
 * label. `isTrained`: whether that of a weight is needed.
 */
export function blockGradients(
  head: Linear,
  scores: HeadScores,
  { recompute }: HeadBlocks,
  {
    labels,
    weights,
    labelSmoothing,
    isTrained,
  }: {
    readonly labels: Node;
    readonly weights: Node;
    readonly labelSmoothing: number;
    readonly isTrained: (weight: Node) => boolean;
  },
): { readonly ofProducts: readonly ProductGradients[]; readonly ofBias: Node } {
  const row = reshape(weights, [1, sizeOf(weights, 0)]);
  const share = labelSmoothing / scores.words;
  const sums: Node[] = [];
  const ofWeights = head.products.map((): Node[] => []);
  const ofBias: Node[] = [];
  for (const { block, exponentials, largest } of scores.blocks) {
    const before = [...sums, ...ofWeights.flatMap((parts) => parts.slice(-1))];
    const after = controlDependency([scores.logarithm, ...before]);
    const softmax = recompute
      ? multiply(exp(subtract(scoresOf(head, block, after), scores.logarithm)), row)
      : multiply(exponentials, multiply(exp(subtract(largest, scores.logarithm)), row));
    const uneven = labelSmoothing === 0 ? softmax : subtract(softmax, multiply(row, share));
    const upstream = subtractAtLabels(uneven, multiply(weights, 1 - labelSmoothing), labels, block.first);
    for (const [index, { x, weight, scale }] of head.products.entries()) {
      const ofX = matmul(upstream, rowsOf(weight, block), { transposeA: true, scale });
      const sum = sums[index];
      sums[index] = sum === undefined ? ofX : add(sum, ofX);
      if (isTrained(weight)) ofWeights[index]?.push(matmul(upstream, x, { scale }));
    }
    ofBias.push(reduceSum(upstream, [1]));
  }
  return {
    ofProducts: sums.map((ofX, index) => {
      const parts = ofWeights[index] ?? [];
      return { ofX, ofWeight: parts.length === 0 ? undefined : joined(parts, 0) };
    }),
    ofBias: joined(ofBias, 0),
  };
}

/** [words, tokens] */
function scoresOf({ products, bias }: Linear, block: Block, after: (node: Node) => Node): Node {
  const sum = products
    .map(({ x, weight, scale }) => matmul(rowsOf(weight, block), after(x), { transposeB: true, scale }))
    .reduce((before, each) => add(before, each));
  return bias === undefined ? sum : add(sum, reshape(rowsOf(bias, block), [block.words, 1]));
}

const rowsOf = (x: Node, { first, words }: Block): Node => slice(x, 0, first, words);

function blocksOf(words: number, count: number): readonly Block[] {
  const most = Math.ceil(words / count);
  return Array.from({ length: Math.ceil(words / most) }, (_, index) => ({
    first: index * most,
    words: Math.min(most, words - index * most),
  }));
}

function wordsOf({ products: [{ weight }] }: Linear): number {
  const words = sizeOf(weight, 0);
  if (typeof words !== 'number') throw new Error('the size of the vocabulary must be known');
  return words;
}
