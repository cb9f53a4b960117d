/** How much of everything a smoke run takes: enough for every code path, and done within seconds. */
export const smokeRows = 8;
export const smokeSteps = 2;

/** At most so many; null and undefined mean no limit. */
export const atMost = (most: number, value: number | null | undefined): number =>
  Math.min(most, value ?? most);

/** A small share of few rows may round to no row. */
export const smokeValidation = <P extends { readonly validation?: number }>({
  validation,
}: P): Pick<P, 'validation'> => (validation ? { validation: Math.max(validation, 0.25) } : {});
