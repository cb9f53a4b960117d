/** Why a connection failed or broke: the error code of the system or of undici, if there is one. */
export function networkReason(error: unknown): string {
  const reason = rootCause(error);
  if (!(reason instanceof Error)) return 'the connection failed';
  if ('code' in reason && String(reason.code) !== '') return String(reason.code);
  return reason.message === '' ? 'the connection failed' : reason.message;
}

/** The error of fetch is generic; the reason is in its cause, or in the cause of that. */
export function rootCause(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++)
    inner = inner.cause;
  return inner;
}
