/** The error of a sentencepiece `.model` file whose content is invalid. */
export const damagedModel = (what: string) =>
  ({ ok: false, error: `the sentencepiece model is damaged: ${what}` }) as const;
