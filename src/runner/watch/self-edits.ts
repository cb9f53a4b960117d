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
  readonly #stopped = new Map<InstanceId, number>();
  readonly #finished = new Map<InstanceId, number>();

  /** Whether a stage should be allowed to finish although its own deps changed. */
  isSuspected(instance: InstanceId): boolean {
    return (this.#stopped.get(instance) ?? 0) >= mostStops;
  }

  /** Notes that a stage was stopped because its own deps changed. */
  noteStopped(instance: InstanceId): void {
    this.#stopped.set(instance, (this.#stopped.get(instance) ?? 0) + 1);
  }

  /** Notes how a stage ended. */
  noteEnded(instance: InstanceId, outcome: Outcome): void {
    if (outcome.kind === 'interrupted' || outcome.kind === 'skipped') return;
    if (outcome.kind === 'ran' && outcome.edited !== undefined)
      this.#finished.set(instance, (this.#finished.get(instance) ?? 0) + 1);
    else {
      this.#finished.delete(instance);
      this.#stopped.delete(instance);
    }
  }

  /** The stages that change their own inputs. */
  found(): ReadonlySet<InstanceId> {
    return new Set([...this.#finished].flatMap(([instance, times]) => (times >= mostRuns ? [instance] : [])));
  }
}

const mostStops = 5;
const recent = `its last ${mostStops} attempts`;
const mostRuns = 2;

const help = 'a stage must not change its inputs: write to its outs or its scratch folder';

/** The warning that a stage may finish although its own deps changed. */
export const notStoppedWarning = (instance: InstanceId, because: string): Diagnostic => ({
  severity: 'warning',
  code: 'own-dep',
  message: `${because} while ${instance} ran, as in ${recent}: this time it is not stopped`,
  help,
});

/** The warning that a stage changes `file`, one of its own inputs. */
export const ownInputWarning = (instance: InstanceId, file: string): Diagnostic => ({
  severity: 'warning',
  code: 'own-dep',
  message:
    `${instance} changes its own input ${file} on every run: its ` +
    'result is not cached, and the change causes no rerun',
  help,
});
