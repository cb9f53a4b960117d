import type { TokenizerFiles } from '../../src/ml/text/make-tokenizer.ts';

/** A folder without tokenizer files: tests put in what they need. */
export const noFiles: TokenizerFiles = {
  model: undefined,
  vocabulary: undefined,
  tokenizer: undefined,
  config: undefined,
  specialTokensMap: undefined,
  addedTokens: undefined,
};
