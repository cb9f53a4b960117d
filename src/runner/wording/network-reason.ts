/** Why a connection failed or broke: the code of the system or of undici where there is one. */
export function networkReason(error: unknown): string {
  const reason = rootCause(error);
  if (!(reason instanceof Error)) return 'the connection failed';
  if ('code' in reason && String(reason.code) !== '') return String(reason.code);
  return reason.message === '' ? 'the connection failed' : reason.message;
}

/** fetch says only that it failed; its cause, or the cause of that, says why. */
export function rootCause(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++)
    inner = inner.cause;
  return inner;
}
