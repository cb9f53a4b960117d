/**
 * Removes the spaces that joining words leaves before punctuation and English contractions. As transformers'
 * clean_up_tokenization.
 */
export const cleanUp = (text: string): string =>
  artifacts.reduce((cleaned, [found, wanted]) => cleaned.replaceAll(found, wanted), text);

const artifacts = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;
