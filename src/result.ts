/** What an operation gives that can fail for a reason the user can mend: the value, or what went wrong. */
export type Result<T, E = string> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };
