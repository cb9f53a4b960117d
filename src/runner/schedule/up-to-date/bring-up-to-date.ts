import type { Decision, Policy } from '../../manifest/decide.ts';
import type { Key } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import { diskMessage } from '../../store/database/disk-message.ts';
import type { Share } from '../allotment/allotment.ts';
import { shareFor } from '../allotment/share-for.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import { failedBy } from '../failed-by.ts';
import type { Run } from '../run.ts';
import { assessNow } from './assess-now.ts';
import type { BringBack, Ending } from './bring-back.ts';
import { restoreOrRun } from './restore-or-run.ts';
import type { RunRules } from './run-rules.ts';
import type { Turns } from './turns.ts';

/** A run, and what its instances share. */
export interface Settling {
  readonly run: Run;
  readonly rules: RunRules;
  readonly turns: Turns;
  readonly bringBack: BringBack;
}

/** What a step comes to: the end of the instance, or why it is assessed again. */
type Step =
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** Its inputs changed while it waited or ran. */
  | { readonly kind: 'changed' }
  /** Its result could not be restored. */
  | { readonly kind: 'damaged' }
  /** Temp outs that it reads are in place again. */
  | { readonly kind: 'brought-back' };

/** How often a result may turn out to be damaged when it is restored. */
const damageLimit = 3;

/** Restores or runs an instance until its outs match its current inputs, or it ends otherwise. */
export async function bringUpToDate(settling: Settling, instance: Instance, policy: Policy): Promise<Ending> {
  const { run, rules } = settling;
  let damages = 0;
  let isBroughtBack = false;
  for (;;) {
    if (run.stop.isStopping()) return { key: null, outcome: { kind: 'skipped' } };
    const isPlain = damages === 0 && policy.wanted?.for === undefined;
    const known = isPlain ? knownRestorable(settling, instance) : undefined;
    const first = known ?? (await assessNow(run, instance, policy));
    if ('outcome' in first) return rules.restoreOnly ? notCached(null) : first;
    if (rules.restoreOnly && first.decision.kind === 'run') return notCached(first.key);
    const step =
      (await bringBackInputs(settling, instance, first, isBroughtBack)) ??
      (await takeTurn(settling, instance, { policy, first, damages }));
    switch (step.kind) {
      case 'ended':
        return step.ending;
      case 'damaged':
        damages += 1;
        break;
      case 'brought-back':
        isBroughtBack = true;
        break;
      case 'changed':
    }
  }
}

const notCached = (key: Key | null): Ending => ({ key, outcome: { kind: 'skipped' } });

/**
 * The result to restore, as found at the start of the run, unless the run has changed anything since. Reading
 * a folder of thousands of files takes seconds, and restoring reads again what it replaces.
 */
function knownRestorable({ run, rules }: Settling, { id }: Instance): Assessment | undefined {
  const seen = rules.assessments.get(id);
  return run.changes.count === 0 && seen?.kind === 'assessed' && seen.assessment.decision.kind === 'restore'
    ? seen.assessment
    : undefined;
}

/** Before a program runs: has the dropped outs that it reads put in place. Undefined: none is missing. */
async function bringBackInputs(
  { run, rules, bringBack }: Settling,
  instance: Instance,
  { key, decision, inputs: { dropped } }: Assessment,
  isBroughtBack: boolean,
): Promise<Step | undefined> {
  const [lacking] = decision.kind === 'run' ? dropped : [];
  if (lacking === undefined) return undefined;
  const hindrance = isBroughtBack
    ? failedBy(`${lacking.path} was brought back and is missing again`)
    : await bringBack(instance, dropped);
  if (hindrance === undefined) return { kind: 'brought-back' };
  return { kind: 'ended', ending: noted(run, rules, { key, outcome: hindrance }) };
}

/** An instance that is about to be restored or run. */
interface Candidate {
  readonly policy: Policy;
  /** As it was assessed before its turn. */
  readonly first: Assessment;
  /** How often its result was damaged so far. */
  readonly damages: number;
}

/**
 * Acts when no other instance uses the key, and, if a program is to run, when the machine has a share for it.
 */
async function takeTurn(settling: Settling, instance: Instance, candidate: Candidate): Promise<Step> {
  const { run, rules, turns } = settling;
  const { key, decision } = candidate.first;
  const changes = run.changes.count;
  const endTurn = await turns.take(key);
  try {
    const admission = await admit(settling, instance, decision);
    if (admission.kind === 'waits') return { kind: 'ended', ending: { key, outcome: { kind: 'waiting' } } };
    const share = admission.kind === 'runs' ? admission.share : undefined;
    let isLeft = false;
    try {
      const step = await act(settling, instance, candidate, {
        share,
        // A program may have waited for hours: only the current state counts.
        isCurrent: admission.kind === 'restores' && run.changes.count === changes,
      });
      if (step.kind !== 'ended') return step;
      isLeft = step.ending.outcome.kind === 'submitted';
      // Before the share is released to instances that wait for it.
      return { kind: 'ended', ending: noted(run, rules, step.ending) };
    } finally {
      // A job that is left to a queue keeps its share.
      if (!isLeft) share?.release();
    }
  } finally {
    endTurn();
  }
}

type Admission =
  | { readonly kind: 'restores' }
  | { readonly kind: 'runs'; readonly share: Share }
  /** Another run starts it. */
  | { readonly kind: 'waits' };

async function admit({ run, rules }: Settling, instance: Instance, decision: Decision): Promise<Admission> {
  if (decision.kind === 'restore') return { kind: 'restores' };
  const allotted = rules.allotmentOf(instance);
  if (!run.detach) return { kind: 'runs', share: await shareFor(run, instance, allotted) };
  // A run that leaves jobs to a queue releases no share, and starts nothing here.
  const isLeft = run.session.executorOf(instance).leavesJobs;
  const share = isLeft ? allotted.takeNow(instance) : undefined;
  return share === undefined ? { kind: 'waits' } : { kind: 'runs', share };
}

/** Restores or runs an instance, unless it changed since it was assessed. */
async function act(
  { run, rules, turns }: Settling,
  instance: Instance,
  { policy, first, damages }: Candidate,
  { share, isCurrent }: { readonly share: Share | undefined; readonly isCurrent: boolean },
): Promise<Step> {
  const { key } = first;
  if (run.stop.isStopping()) return { kind: 'ended', ending: { key, outcome: { kind: 'skipped' } } };
  const now = isCurrent ? first : await assessNow(run, instance, policy);
  if ('outcome' in now) return { kind: 'ended', ending: now };
  if (now.key !== key || !canStart(now, share)) return { kind: 'changed' };
  const outcome = await restoreOrRun(run, instance, now, {
    gpus: share?.gpus ?? [],
    existing: rules.existingOutsOf(instance),
    turns,
  }).catch((error: unknown) => failedBy(diskMessage(error)));
  if (outcome === 'damaged')
    return damages + 1 < damageLimit
      ? { kind: 'damaged' }
      : { kind: 'ended', ending: { key, outcome: failedBy(unstableText(run)) } };
  // Its inputs changed while it ran and the run continues: run it with the current inputs.
  if (outcome.kind === 'interrupted' && !run.stop.isStopping()) return { kind: 'changed' };
  return { kind: 'ended', ending: { key, outcome } };
}

const unstableText = ({ session: { plan } }: Run): string =>
  'the cached result changes each time it is read: check the disk with ' +
  quotedCommand(plan.typed, 'verify');

const canStart = ({ decision, inputs }: Assessment, share: Share | undefined): boolean =>
  decision.kind === 'restore' || (share !== undefined && inputs.dropped.length === 0);

/**
 * A failure ends a run without --keep-going, before its share of the machine is released to waiting
 * instances.
 */
export function noted(run: Run, { keepGoing }: RunRules, ending: Ending): Ending {
  if (ending.outcome.kind === 'failed' && !keepGoing) run.stop.startNoMore();
  return ending;
}
