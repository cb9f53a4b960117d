import { pythonLower, pythonStrip } from '../text/python-text.ts';

/**
 * Whether two texts are equal but for case and the white space around them: the exact match of the original
 * experiment.
 */
export const isExactMatch = (reference: string, prediction: string): boolean =>
  normalised(reference) === normalised(prediction);

const normalised = (text: string): string => pythonLower(pythonStrip(text));
