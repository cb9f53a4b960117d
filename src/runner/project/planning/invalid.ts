import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';

/** The problem for faults of the pipeline file, or of files that it names. */
export const invalid = (
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string> = new Map(),
): { readonly ok: false; readonly error: Problem } => ({
  ok: false,
  error: { kind: 'invalid', diagnostics, sources },
});
