import type { StopSignals } from '../runner/project.ts';

/** The first Ctrl-C (or SIGTERM) stops the stages gently, the second kills them. */
export function stopSignals(): StopSignals & { readonly release: () => void } {
  const [graceful, hard] = [new AbortController(), new AbortController()];
  const onSignal = (signal: NodeJS.Signals) => (graceful.signal.aborted ? hard : graceful).abort(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return {
    graceful: graceful.signal,
    hard: hard.signal,
    release: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    },
  };
}

/**
 * A run continues when its terminal is closed. Node resets the handlers that `nohup` and `trap '' HUP` had
 * set, so the signal is ignored here.
 */
export function ignoreHangup(): void {
  process.on('SIGHUP', () => undefined);
}
