/** The 97.5 % quantile of the normal distribution. */
export const normalQuantile = 1.959963984540054;

/**
 * The 97.5 % quantile of Student's t with so many degrees of freedom, at least 1, whole or not: the expansion
 * 26.7.5 of M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), right to 1e-5 from nine
 * degrees on and to 1 % from two; below, between the exact values of two and of one.
 */
export function studentQuantile(freedom: number): number {
  if (freedom < 2) return ofTwo + (ofOne - ofTwo) * (2 / freedom - 1);
  const z = normalQuantile;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, index) => sum + term / freedom ** (index + 1), z);
}

const ofOne = 12.706204736432095;
const ofTwo = 4.302652729696142;
