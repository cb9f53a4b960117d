import type { Diagnostic } from '../../diagnostic.ts';

/** Leaves out repeated faults: several instances of a stage have the same. */
export function eachOnce(faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return faults.filter(({ code, message, at }) => {
    const name = JSON.stringify([code, message, at]);
    return !seen.has(name) && seen.add(name);
  });
}
