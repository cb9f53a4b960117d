import type { FailedOutcome, Outcome } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';

/** How an instance without a cached result was tried. */
type Attempted =
  /** Under this key. `hasOuts`: it finished, but its result is not in the cache. */
  | { readonly kind: 'under-key'; readonly key: Key; readonly hasOuts: boolean }
  /** It has outs, and changed its own inputs: it counts as tried under its key at the next check. */
  | { readonly kind: 'changed-itself' }
  /** It failed because its inputs could not be read. */
  | { readonly kind: 'without-key' }
  /**
   * The disk failed it: that may be fixed without any change of inputs, so it is retried from a given time
   * on. `since`: the start of its first failure under this key.
   */
  | { readonly kind: 'disk'; readonly key: Key; readonly since: number; readonly dueAt: number };

/**
 * The attempts of a watch that left no result in the cache: not repeated while none of their inputs changes.
 */
export class AttemptLedger {
  readonly #instances = new Map<InstanceId, Attempted>();
  readonly #failures = new Map<Key, FailedOutcome>();

  /** How programs failed, and under which key: not those that the disk failed. */
  get failures(): ReadonlyMap<Key, FailedOutcome> {
    return this.#failures;
  }

  /**
   * `changesItself`: the instance changes its own inputs, and that change alone does not trigger a rerun.
   * `at`: when it ended, in milliseconds.
   */
  note(instance: InstanceId, key: Key | null, outcome: Outcome, changesItself: boolean, at: number): void {
    const before = this.#instances.get(instance);
    const attempted = attemptedOf(
      key,
      outcome,
      changesItself,
      at,
      before?.kind === 'disk' && before.key === key ? before.since : undefined,
    );
    if (attempted === undefined) this.#instances.delete(instance);
    else this.#instances.set(instance, attempted);
    if (outcome.kind === 'failed' && attempted?.kind === 'under-key')
      this.#failures.set(attempted.key, outcome);
  }

  /** Forgets an instance, so that it is tried again. */
  forget(instance: InstanceId): void {
    const attempted = this.#instances.get(instance);
    if (attempted?.kind === 'under-key') this.#failures.delete(attempted.key);
    this.#instances.delete(instance);
  }

  /** Those that have outs: what reads from them uses these unchanged. */
  withOuts(): readonly InstanceId[] {
    return [...this.#instances].flatMap(([id, attempted]) =>
      attempted.kind === 'changed-itself' || (attempted.kind === 'under-key' && attempted.hasOuts)
        ? [id]
        : [],
    );
  }

  /** The keys under which these would be tried now. */
  fillIn(now: ReadonlyMap<InstanceId, Key>): void {
    for (const [id, key] of now) {
      if (this.#instances.get(id)?.kind === 'changed-itself')
        this.#instances.set(id, { kind: 'under-key', key, hasOuts: true });
    }
  }

  /** Whether one of these was not tried under its current key, or a disk failure may be fixed. */
  isAnyDue(now: ReadonlyMap<InstanceId, Key>, at: number): boolean {
    return [...now].some(([id, key]) => {
      const attempted = this.#instances.get(id);
      switch (attempted?.kind) {
        // It has a key by now: what could not be read can be.
        case 'without-key':
        case undefined:
          return true;
        case 'changed-itself':
          return false;
        case 'under-key':
          return attempted.key !== key;
        case 'disk':
          return attempted.key !== key || at >= attempted.dueAt;
      }
    });
  }
}

/**
 * Undefined: it has its result, or was not tried to its end. `since`: when the disk failed it first under
 * this key.
 */
function attemptedOf(
  key: Key | null,
  outcome: Outcome,
  changesItself: boolean,
  at: number,
  since: number | undefined,
): Attempted | undefined {
  if (outcome.kind === 'failed') {
    if (key === null) return { kind: 'without-key' };
    if (outcome.failure.kind !== 'disk' && outcome.failure.kind !== 'existing-outs')
      return { kind: 'under-key', key, hasOuts: false };
    const first = since ?? at - outcome.seconds * 1000;
    // The longer it takes, and the longer the disk fails, the less often.
    return { kind: 'disk', key, since: first, dueAt: at + Math.max(soonest, at - first) };
  }
  if (outcome.kind !== 'ran') return undefined;
  if (changesItself) return { kind: 'changed-itself' };
  // An instance edited meanwhile is tried again with the edit.
  return key === null || outcome.published || outcome.edited !== undefined
    ? undefined
    : { kind: 'under-key', key, hasOuts: true };
}

const soonest = 60_000;
