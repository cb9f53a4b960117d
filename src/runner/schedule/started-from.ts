import { hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import manifest from '../../../package.json' with { type: 'json' };
import type { StartedFrom } from '../answers/runs.ts';
import { queryCommit } from '../executors/commit-state.ts';

/** git is slow in a repository with many new files: a run that has ended waits no longer for it. */
const commitTimeout = 500;

/** Who starts a run, where, and from which commit. */
interface Start {
  /** All that is known at once, which excludes the commit. */
  readonly from: StartedFrom;
  /** Calls `onCommit` with the commit once it is known, unless the run ends soon after its start. */
  storeEarly(onCommit: (from: StartedFrom) => void): void;
  /** The run is over, however it ended: `onCommit` is not called any more. */
  stop(): void;
  /** All of it. To be awaited before the run counts as ended. */
  finish(): Promise<StartedFrom>;
}

/** `early`: the milliseconds after which the commit of a run is stored. */
export function readStart(root: string, early = 1000): Start {
  const from: StartedFrom = {
    user: userName(),
    host: hostname(),
    version: manifest.version,
    node: process.versions.node,
  };
  const query = queryCommit(root);
  const whole = query.state.then((commit): StartedFrom =>
    commit === undefined ? from : { ...from, commit },
  );
  const ended = new AbortController();
  // A run that takes longer gets its commit stored while it runs; a short one costs no transaction for it.
  const storeEarly = async (onCommit: (from: StartedFrom) => void): Promise<void> => {
    await pause(early, undefined, { signal: ended.signal });
    const found = await whole;
    if (!ended.signal.aborted) onCommit(found);
  };
  return {
    from,
    storeEarly: (onCommit) => void storeEarly(onCommit).catch(ignoreAbort),
    stop: () => ended.abort(),
    async finish() {
      const waiting = new AbortController();
      const tooLate = pause(commitTimeout, from, { signal: waiting.signal }).catch(() => from);
      const found = await Promise.race([whole, tooLate]);
      waiting.abort();
      query.stop();
      return found;
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}

/** Some containers run as a user without a name. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
