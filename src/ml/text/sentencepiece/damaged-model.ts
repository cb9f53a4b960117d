/** The error of a `.model` file that is a sentencepiece model, and says what none can say. */
export const damagedModel = (what: string) =>
  ({ ok: false, error: `the sentencepiece model is damaged: ${what}` }) as const;
