import type { LengthHistogram } from '../result-answers.ts';

/** Whole numbers in bins of one width, at most 24 of them. */
export function histogram(
  values: readonly number[],
): Pick<LengthHistogram, 'rows' | 'least' | 'median' | 'most' | 'bins'> {
  const sorted = values.toSorted((a, b) => a - b);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const width = Math.max(1, roundWidth((most - least + 1) / mostBins));
  const start = Math.floor(least / width) * width;
  const bins = Array.from({ length: Math.floor((most - start) / width) + 1 }, (_, index) => ({
    from: start + index * width,
    to: start + (index + 1) * width,
    count: 0,
  }));
  for (const value of sorted) {
    const bin = bins[Math.floor((value - start) / width)];
    if (bin !== undefined) bin.count += 1;
  }
  return {
    rows: sorted.length,
    least,
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    most,
    bins: sorted.length === 0 ? [] : bins,
  };
}

const mostBins = 24;

/** The least of 1, 2, 5, 10, 20, 50, … that is not smaller. */
function roundWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, width)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= width) ?? width;
}
