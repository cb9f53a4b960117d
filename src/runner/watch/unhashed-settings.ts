import type { InstanceId } from '../identity.ts';
import type { Plan } from '../plan/instance.ts';

/**
 * What instances are given to run with and their results do not depend on: time, tries, a share of the
 * machine, secrets.
 */
export class UnhashedSettings {
  readonly #texts = new Map<InstanceId, string>();

  /** Records those of a plan; returns the instances that had others before. */
  renew({ instances }: Plan): readonly InstanceId[] {
    return instances.flatMap(({ id, timeout, retries, resources, passEnv }) => {
      const text = JSON.stringify([timeout, retries, resources, passEnv]);
      const before = this.#texts.get(id) ?? text;
      this.#texts.set(id, text);
      return before === text ? [] : [id];
    });
  }
}
