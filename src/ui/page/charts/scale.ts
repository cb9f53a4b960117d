/** Places of values between two ends, and the values that an axis is marked at. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
  readonly step: number;
}

/** Round values at even distances, about as many as requested: 1, 2 or 5 times a power of ten. */
export function linearScale(
  values: readonly number[],
  [from, to]: readonly [number, number],
  count = 5,
): Scale {
  const [least, most] = extent(values);
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.ceil(least / step - 1e-9);
  const ticks = Array.from({ length: Math.max(0, Math.floor(most / step + 1e-9) - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  return { place: (value) => from + ((value - least) / (most - least)) * (to - from), ticks, step };
}

/** Powers of ten at even distances; values that are not above zero have no place. */
export function logScale(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const [least, most] = extent(values.filter((value) => value > 0).map(Math.log10));
  const place = (value: number): number =>
    from + ((Math.log10(value) - least) / (most - least)) * (to - from);
  const powers = Array.from(
    { length: Math.floor(most) - Math.ceil(least) + 1 },
    (_, index) => Math.ceil(least) + index,
  );
  const every = Math.ceil(powers.length / 6);
  const wide = powers.filter((_, index) => index % every === 0).map((power) => 10 ** power);
  // Within less than two powers, marks between them.
  const between =
    powers.length < 2
      ? [...powers, Math.floor(least)].flatMap((power) => [1, 2, 5].map((each) => each * 10 ** power))
      : [];
  const ticks = [...new Set([...wide, ...between])]
    .filter((tick) => Math.log10(tick) >= least - 1e-9 && Math.log10(tick) <= most + 1e-9)
    .toSorted((a, b) => a - b);
  return { place, ticks, step: ticks[0] ?? 1 };
}

/** Of values that are all equal, or as good as equal for a computer, a little around them. */
function extent(values: readonly number[]): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return [0, 1];
  const size = Math.max(Math.abs(least), Math.abs(most));
  const around = Math.max(1e-9, size * 0.1);
  return most - least > Math.max(1e-300, size * 1e-9) ? [least, most] : [least - around, most + around];
}
