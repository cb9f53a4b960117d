import type { Result } from '../../src/result.ts';

/** The value of a result that must be there. */
export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The message of a result that must be a problem. */
export function messageOf(result: Result<unknown, { readonly message: string } | string>): string {
  if (result.ok) throw new Error('expected a problem, got a value');
  return typeof result.error === 'string' ? result.error : result.error.message;
}
