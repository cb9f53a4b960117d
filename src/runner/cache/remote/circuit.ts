import type { Answer, RemoteFault } from './remote-storage.ts';

/** So many faults in a row turn a remote off for the rest of a run. */
const mostInRow = 3;

/**
 * Counts what fails in a row, and gives up after three: a remote that is down must not cost a run more than a
 * few seconds.
 */
export interface Circuit {
  /** Aborts when it is disabled: pending operations end then. */
  readonly signal: AbortSignal;
  /** The result of an action; undefined: it failed, or the remote is disabled. */
  call<T>(act: (signal: AbortSignal) => Promise<Answer<T>>): Promise<{ readonly value: T } | undefined>;
  /** A fault that came to light later, while a stream was read. */
  fault(fault: RemoteFault): void;
  /** Why it was disabled. */
  reason(): string | undefined;
  /** What failed last. */
  lastFault(): RemoteFault | undefined;
}

/** `onOff` is called once, with the last fault. */
export function circuit(stopped: AbortSignal, onOff: (fault: RemoteFault) => void): Circuit {
  const off = new AbortController();
  const signal = AbortSignal.any([stopped, off.signal]);
  let inRow = 0;
  let reason: string | undefined;
  let last: RemoteFault | undefined;
  function fault(found: RemoteFault): void {
    last = found;
    // A damaged object does not count against the remote; nor does a cancelled request.
    if (found.kind === 'unsent' || signal.aborted) return;
    inRow += 1;
    if (inRow < mostInRow) return;
    reason = found.message;
    off.abort();
    onOff(found);
  }
  return {
    signal,
    async call(act) {
      if (signal.aborted) return undefined;
      const answer = await act(signal);
      if (!answer.ok) {
        fault(answer.error);
        return undefined;
      }
      inRow = 0;
      return { value: answer.value };
    },
    fault,
    reason: () => reason,
    lastFault: () => last,
  };
}
