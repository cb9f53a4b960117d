import type { Outcome } from '../../event.ts';
import type { InstanceId, Key } from '../../identity.ts';
import { type Entry, type Policy, wantedPolicy } from '../../manifest/decide.ts';
import { sameContent } from '../../manifest/manifest.ts';
import type { Instance } from '../../plan/instance.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import type { Assessment } from '../../status/assess.ts';
import type { DroppedInput } from '../../status/identity/read-inputs.ts';
import { forgetReproduced } from '../../store/reproduced.ts';
import { failedBy } from '../failed-by.ts';
import { type Run, warn } from '../run.ts';

export interface Ending {
  readonly key: Key | null;
  readonly outcome: Outcome;
}

interface BringBackSteps {
  assessNow(instance: Instance, policy: Policy): Promise<Assessment | Ending>;
  /** Restores or runs an instance until its outs are in place. */
  bringUpToDate(instance: Instance, policy: Policy): Promise<Ending>;
  /** Called with the end of each started instance. */
  readonly onOutcome: (instance: Instance, key: Key | null, outcome: Outcome) => void;
}

/**
 * Has dropped temp outs that an instance reads in place before it runs, each brought back once a run. Gives
 * how the instance ends where they cannot be had.
 */
export type BringBack = (user: Instance, inputs: readonly DroppedInput[]) => Promise<Outcome | undefined>;

/** Brings outs back for one run, each producer once: two users of one wait for the same attempt. */
export function bringingBack(run: Run, steps: BringBackSteps): BringBack {
  const begun = new Map<InstanceId, Promise<Outcome | undefined>>();
  return async (user, inputs) => {
    const ends = await Promise.all(
      inputs.map(({ instance: id, path }) => {
        const producer = run.session.instances.get(id);
        if (producer === undefined) throw new Error(`the plan has no ${id}, which ${user.id} reads`);
        const known = begun.get(id) ?? broughtBack(run, producer, path, user, steps);
        begun.set(id, known);
        return known;
      }),
    );
    return ends.find((end) => end !== undefined);
  };
}

async function broughtBack(
  run: Run,
  producer: Instance,
  path: string,
  user: Instance,
  { assessNow, bringUpToDate, onOutcome }: BringBackSteps,
): Promise<Outcome | undefined> {
  const policy = wantedPolicy(user.id);
  const before = await assessNow(producer, policy);
  if ('outcome' in before) return before.outcome;
  const { lookup, decision } = before;
  // With other inputs, the result would differ from the requested one.
  if (decision.kind === 'run' && lookup.kind !== 'dropped')
    return failedBy(
      `${path} was dropped, and ${producer.id} is out of date: update it with ` +
        quotedCommand(run.session.plan.typed, 'run', [producer.id]),
    );
  const { key, outcome } = await bringUpToDate(producer, policy);
  if (decision.kind === 'run') onOutcome(producer, key, outcome);
  switch (outcome.kind) {
    case 'up-to-date':
    case 'restored':
      return undefined;
    case 'ran':
      if (!outcome.published) return failedBy(`${path} was made again, but not cached: run again`);
      compare(run, producer, before, await assessNow(producer, policy));
      return undefined;
    case 'failed':
      return { kind: 'blocked', by: producer.id };
    case 'blocked':
    case 'waiting':
    case 'skipped':
      return outcome;
    case 'submitted':
      return { kind: 'waiting' };
    case 'interrupted':
      return { kind: 'skipped' };
  }
}

const outsOf = (seen: Assessment | Ending): Entry['outs'] =>
  'lookup' in seen && 'entry' in seen.lookup ? seen.lookup.entry.outs : {};

/** A result that came out different is the result from now on: what reads it is out of date. */
function compare(run: Run, producer: Instance, before: Assessment, after: Assessment | Ending): void {
  const different = Object.entries(outsOf(before)).flatMap(([out, content]) => {
    const now = outsOf(after)[out];
    return now !== undefined && sameContent(now, content) ? [] : [out];
  });
  if (different.length === 0) return;
  forgetReproduced(run.session.store, before.manifest);
  run.remade.add(producer.id);
  warn(run, producer.id, {
    severity: 'warning',
    code: 'not-reproducible',
    message:
      `${producer.id} was run again for its temp outs and made other bytes (${different.join(', ')}): these ` +
      'are its result now, and what reads it runs again',
    help: 'its temp outs are kept from now on; find out why its results differ, or remove `temp: true`',
  });
}
