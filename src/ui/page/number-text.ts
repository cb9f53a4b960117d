import type { JsonNumber } from '../../pages/result-answers.ts';

/** A number that JSON may hold as a text. */
export const numberOf = (value: JsonNumber | null | undefined): number =>
  value === null || value === undefined ? Number.NaN : Number(value);

/** Four digits that tell values apart: "0.6371", "1.56e-7", "1,140,480". */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? value.toLocaleString('en') : String(value);
  const size = Math.abs(value);
  if (size < 0.0005 || size >= 1e6) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4);
}

/** With a sign, for differences. */
export const signedText = (value: number): string =>
  `${value >= 0 ? '+' : '−'}${numberText(Math.abs(value))}`;

/** A share of 0 to 1: "0 %", "<0.1 %", "12.3 %". */
export function percentText(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  return share < 0.001 ? '<0.1 %' : `${(share * 100).toFixed(1)} %`;
}

/** The label of a tick: with as few digits as distinguish it from the next. */
export function tickText(value: number, step: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(step / size < 0.1 ? 1 : 0).replace('e+', 'e');
  return value.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step)))));
}
