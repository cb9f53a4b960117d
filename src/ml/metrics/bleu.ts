import { pythonSplit, pythonStrip, pythonStripEnd } from '../text/python-text.ts';
import { commonCount } from './overlap-score.ts';

/** How BLEU cuts texts: `13a` for languages with spaces, `zh` a token for each Chinese character. */
export type BleuTokenizer = '13a' | 'zh';

/** sacrebleu's signature of `bleu`: one reference, mixed case, no effective order, exponential smoothing. */
export const bleuSignature = (tokenizer: BleuTokenizer): string =>
  `BLEU|nrefs:1|case:mixed|eff:no|tok:${tokenizer}|smooth:exp|version:2.6.0`;

/** `zh` where most references hold a Han character. */
export const bleuTokenizerFor = (references: readonly string[]): BleuTokenizer =>
  2 * references.filter((text) => /\p{Script=Han}/u.test(text)).length > references.length ? 'zh' : '13a';

/**
 * BLEU of a corpus, 0 to 100: the geometric mean of the precisions of 1- to 4-grams, times the brevity
 * penalty (K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002), as
 * sacrebleu 2.6.0's corpus_score: an order without a match counts 1/2 of a match, the next one 1/4, and so
 * on.
 */
export function bleu(
  pairs: readonly { readonly reference: string; readonly prediction: string }[],
  tokenizer: BleuTokenizer,
): number {
  const tokenize = tokenizer === 'zh' ? chineseTokens : mtevalTokens;
  const orders = [1, 2, 3, 4].map((size) => ({ size, correct: 0, total: 0 }));
  let [predictedLength, expectedLength] = [0, 0];
  for (const { reference, prediction } of pairs) {
    const [expected, predicted] = [tokenize(reference), tokenize(prediction)];
    predictedLength += predicted.length;
    expectedLength += expected.length;
    for (const order of orders) {
      const found = ngrams(predicted, order.size);
      order.total += found.length;
      order.correct += commonCount(ngrams(expected, order.size), found);
    }
  }
  // Where not even a word is right, and where no text is long enough for a 4-gram, sacrebleu gives 0.
  if (orders.every(({ correct }) => correct === 0) || orders.some(({ total }) => total === 0)) return 0;
  let unmatched = 1;
  const logs = orders.map(({ correct, total }) => {
    if (correct === 0) unmatched *= 2;
    return Math.log((100 * (correct === 0 ? 1 / unmatched : correct)) / total);
  });
  const brevity = predictedLength < expectedLength ? Math.exp(1 - expectedLength / predictedLength) : 1;
  return brevity * Math.exp(logs.reduce((sum, log) => sum + log, 0) / orders.length);
}

const ngrams = (tokens: readonly string[], size: number): readonly string[] =>
  Array.from({ length: Math.max(0, tokens.length - size + 1) }, (_, start) =>
    tokens.slice(start, start + size).join(' '),
  );

/** mteval-v13a's, as sacrebleu's Tokenizer13a. */
function mtevalTokens(text: string): readonly string[] {
  const line = pythonStripEnd(text)
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return westernTokens(` ${line} `);
}

/** sacrebleu's TokenizerZh. */
const chineseTokens = (text: string): readonly string[] =>
  westernTokens(pythonStrip(text).replace(ideograph, ' $& ').replace(compatibilityForm, ' $& '));

/**
 * The ranges of TokenizerZh. Two of them were intended for planes beyond the first, but are written as U+2001
 * to U+2A6D and U+2F81 to U+2FA1: dashes, curly quotes and arrows are tokens of their own there.
 */
const ideograph =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb]/g;
const compatibilityForm = /[\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/g;

const westernTokens = (line: string): readonly string[] =>
  pythonSplit(
    line
      .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  );
