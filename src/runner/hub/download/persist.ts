import type { Result } from '../../../result.ts';
import type { HubProblem } from '../hub-fault.ts';
import type { HubWorld } from '../hub-world.ts';
import type { HubProgress } from './progress.ts';

/** What every step of a fetch is given. */
export interface Control {
  readonly world: HubWorld;
  readonly signal: AbortSignal;
  readonly limits: FetchLimits;
  readonly report: (progress: HubProgress) => void;
}

/** How long a fetch may take. */
export interface FetchLimits {
  /** In bytes a second; 0: none. */
  readonly leastSpeed: number;
  /** The deadline, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** How one try ended. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Another try would end the same way. */
  | { readonly kind: 'failed'; readonly problem: HubProblem }
  /**
   * `seconds`: how long the server asked to wait. `progressed`: enough was received to reset the count of
   * tries.
   */
  | {
      readonly kind: 'again';
      readonly problem: HubProblem;
      readonly seconds?: number | undefined;
      readonly progressed?: boolean;
    };

/**
 * Retries until it succeeds, each time waiting twice as long, or as long as the server requests; at most six
 * times in a row.
 */
export async function persist<T>(
  attempt: () => Promise<Attempt<T>>,
  { world, signal, limits, report }: Control,
): Promise<Result<T, HubProblem>> {
  for (let tries = 1; ; tries++) {
    const ended = await attempt();
    if (ended.kind === 'done') return { ok: true, value: ended.value };
    if (signal.aborted) return { ok: false, error: { kind: 'interrupted' } };
    if (ended.kind === 'failed') return { ok: false, error: ended.problem };
    if (ended.progressed === true) tries = 1;
    const seconds = ended.seconds ?? 2 ** (tries - 1);
    if (tries === mostTries || seconds > longestWait) return { ok: false, error: ended.problem };
    if (world.now() + seconds * 1000 >= limits.deadline)
      return { ok: false, error: { kind: 'out-of-time', because: ended.problem } };
    report({ kind: 'retry', seconds, because: ended.problem });
    await world.wait(seconds * 1000, signal);
  }
}

const mostTries = 6;

/** The hub counts requests over windows of five minutes: a longer wait is left to the user. */
const longestWait = 300;
