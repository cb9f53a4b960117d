import { hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import manifest from '../../../package.json' with { type: 'json' };
import type { StartedFrom } from '../answers.ts';
import { lookAtCommit } from '../executors/commit-state.ts';

/** git is slow in a repository with many new files: a run that has ended waits no longer for it. */
const patience = 500;
/** A run that takes longer gets its commit stored while it runs; a short one costs no transaction for it. */
const early = 1000;

/** Who starts a run, where, and from which commit. */
export interface Start {
  /** What is known at once: all but the commit. */
  readonly from: StartedFrom;
  /** All of it. To be awaited before the run counts as ended. */
  settle(): Promise<StartedFrom>;
}

/** `onCommit`: called with the commit while the run goes on. */
export function lookAtStart(root: string, onCommit: (from: StartedFrom) => void): Start {
  const from: StartedFrom = {
    user: userName(),
    host: hostname(),
    version: manifest.version,
    node: process.versions.node,
  };
  const look = lookAtCommit(root);
  const whole = look.state.then((commit): StartedFrom => (commit === undefined ? from : { ...from, commit }));
  const timer = new AbortController();
  const tellEarly = async (): Promise<void> => {
    await pause(early, undefined, { signal: timer.signal });
    onCommit(await whole);
  };
  tellEarly().catch(ignoreAbort);
  return {
    from,
    async settle() {
      timer.abort();
      const waiting = new AbortController();
      const tooLate = pause(patience, from, { signal: waiting.signal }).catch(() => from);
      const settled = await Promise.race([whole, tooLate]);
      waiting.abort();
      look.stop();
      return settled;
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
