/** Losses and durations are better when they are small. */
export const direction = (name: string): 1 | -1 =>
  wordsOf(name).some((word) => smallIsGood.has(word)) ? -1 : 1;

const smallIsGood: ReadonlySet<string> = new Set([
  'loss',
  'perplexity',
  'error',
  'errors',
  'nll',
  'seconds',
  'time',
  'latency',
  'wer',
  'cer',
  'mae',
  'mse',
  'rmse',
]);

/** "validationLoss" and "validation_loss" are two words. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
