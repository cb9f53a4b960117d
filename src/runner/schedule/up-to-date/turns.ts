import type { FailedOutcome } from '../../event.ts';
import type { Key } from '../../identity.ts';
import { withResolvers } from '../with-resolvers.ts';

/** One computation of a key at a time; a key that failed is not tried again in the same run. */
export class Turns {
  readonly #last = new Map<Key, Promise<void>>();
  readonly failed: Map<Key, FailedOutcome>;

  constructor(failures: ReadonlyMap<Key, FailedOutcome>) {
    this.failed = new Map(failures);
  }

  /** Waits for earlier users of this key; returns the function that ends the turn. */
  async take(key: Key): Promise<() => void> {
    const before = this.#last.get(key);
    const { promise, resolve } = withResolvers<void>();
    this.#last.set(key, promise);
    await before;
    return resolve;
  }
}
