import type { Diagnostic } from '../diagnostic.ts';
import type { Outcome } from '../event.ts';
import type { InstanceId } from '../identity.ts';

/**
 * Finds stages that change their own inputs, which would run again and again under a watch. The writer of a
 * file is unknown: a user may save it as often. So a stage is suspected only after it was stopped many times
 * in a row because of its own deps; then it may finish. If its deps changed in two complete runs in a row, it
 * changes them itself.
 */
export class SelfEdits {
  readonly #cutShort = new Map<InstanceId, number>();
  readonly #toTheEnd = new Map<InstanceId, number>();

  /** Whether a stage is to be left to end, though its own deps were changed. */
  isSuspected(instance: InstanceId): boolean {
    return (this.#cutShort.get(instance) ?? 0) >= mostCuts;
  }

  cutShort(instance: InstanceId): void {
    this.#cutShort.set(instance, (this.#cutShort.get(instance) ?? 0) + 1);
  }

  ended(instance: InstanceId, outcome: Outcome): void {
    if (outcome.kind === 'interrupted' || outcome.kind === 'skipped') return;
    if (outcome.kind === 'ran' && outcome.edited !== undefined)
      this.#toTheEnd.set(instance, (this.#toTheEnd.get(instance) ?? 0) + 1);
    else {
      this.#toTheEnd.delete(instance);
      this.#cutShort.delete(instance);
    }
  }

  /** The stages that change their own inputs. */
  found(): ReadonlySet<InstanceId> {
    return new Set([...this.#toTheEnd].flatMap(([instance, times]) => (times >= mostRuns ? [instance] : [])));
  }
}

const mostCuts = 5;
const recent = `its last ${mostCuts} attempts`;
const mostRuns = 2;

const help = 'a stage must not change its inputs: write to its outs or its scratch folder';

export const isLetRun = (instance: InstanceId, because: string): Diagnostic => ({
  severity: 'warning',
  code: 'own-dep',
  message: `${because} while ${instance} ran, as in ${recent}: this time it is not stopped`,
  help,
});

export const changesItsInputs = (instance: InstanceId, file: string): Diagnostic => ({
  severity: 'warning',
  code: 'own-dep',
  message:
    `${instance} changes its own input ${file} on every run: its ` +
    'result is not cached, and the change causes no rerun',
  help,
});
