/** The result of an operation that can fail for a reason that the user can fix: the value, or the fault. */
export type Result<T, E = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };
