/**
 * A place in a text that a user wrote: offsets in UTF-16 units; line and column are computed when it is
 * printed.
 */
export interface Range {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * A fault or a warning that a user can mend. Tests and docs name the code, so the wording stays free to
 * improve. Checks add diagnostics to a list and go on; the shell prints all of them and exits 2.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  /** What happened, and what was expected. */
  readonly message: string;
  readonly at?: Range;
  /** The nearest known name, for a misspelt one. */
  readonly suggestion?: string;
  /** What to do next. */
  readonly help?: string;
  readonly notes?: readonly { readonly message: string; readonly at?: Range }[];
}

/**
 * A fault before it is reported. There may be thousands, so the nearest known name is searched only for those
 * that are shown.
 */
export interface Fault extends Diagnostic {
  readonly misspelt?: { readonly name: string; readonly known: Names };
}

/** Collects the faults of a check, which continues after each of them. */
export type Report = (fault: Fault) => void;

/** The names of a map or a set. */
export type Names = Pick<ReadonlyMap<string, unknown>, 'size' | 'keys'>;

/** A value with the place it was written at. */
export interface Located<T> {
  readonly value: T;
  readonly at: Range;
}
