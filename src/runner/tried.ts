import type { FailedOutcome, Outcome } from './event.ts';
import type { InstanceId, Key } from './identity.ts';

/** What a watch has tried and what has no result in the cache: not to be tried again while nothing that it depends on changes. */
export class Tried {
  /** Under which key; null: under the one that it has at the next look. */
  readonly #instances = new Map<InstanceId, { readonly key: Key | null; readonly failed: boolean }>();
  readonly #failures = new Map<Key, FailedOutcome>();

  /** How programs failed, and under which key. */
  get failures(): ReadonlyMap<Key, FailedOutcome> {
    return this.#failures;
  }

  /** `changesItself`: as it is after it ran, it is not to be run again. */
  note(instance: InstanceId, key: Key | null, outcome: Outcome, changesItself: boolean): void {
    this.#instances.delete(instance);
    if (outcome.kind === 'failed') {
      this.#instances.set(instance, { key, failed: true });
      // A disk may be mended while nothing that counts changes.
      if (key !== null && outcome.failure.kind !== 'disk') this.#failures.set(key, outcome);
    }
    if (outcome.kind !== 'ran') return;
    if (changesItself) this.#instances.set(instance, { key: null, failed: false });
    // What was edited meanwhile is tried again, as it is now.
    else if (!outcome.published && outcome.edited === undefined) this.#instances.set(instance, { key, failed: false });
  }

  /** Tries one again, as if it had never been. */
  forget(instance: InstanceId): void {
    const key = this.#instances.get(instance)?.key ?? null;
    if (key !== null) this.#failures.delete(key);
    this.#instances.delete(instance);
  }

  /** Those that have outs: what reads from them takes these as they stand. */
  withOuts(): readonly InstanceId[] {
    return [...this.#instances].flatMap(([id, { failed }]) => (failed ? [] : [id]));
  }

  /** A look has found under which keys these would be tried now. */
  fillIn(now: ReadonlyMap<InstanceId, Key>): void {
    for (const [id, key] of now) {
      const tried = this.#instances.get(id);
      if (tried?.key === null) this.#instances.set(id, { ...tried, key });
    }
  }

  /** Whether one of these was not tried under the key that it has now. */
  isAnyNew(now: ReadonlyMap<InstanceId, Key>): boolean {
    return [...now].some(([id, key]) => this.#instances.get(id)?.key !== key);
  }
}
