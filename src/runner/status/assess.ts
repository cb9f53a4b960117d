import type { Result } from '../../result.ts';
import { decide, type Decision, type Policy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import { lastResult } from '../store/last-results.ts';
import { joinFirst } from '../wording/join-first.ts';
import { quotedCommand } from '../wording/command-text.ts';
import {
  type Identity,
  identityOf,
  type KnownResults,
  nothingKnown,
  type Unidentifiable,
} from './identity/identity-of.ts';
import type { ReadCache } from './identity/read-cache.ts';
import type { Inputs } from './identity/read-inputs.ts';
import { type LookedUpOuts, lookupOuts } from './lookup-outs.ts';
import type { Session } from './session.ts';

/** The assessment of an instance whose deps all exist. */
export interface Assessment extends Identity, LookedUpOuts {
  readonly decision: Decision;
  /** With a hit: a GPU made it, and here the instance would compute on the CPU. */
  readonly madeOn?: 'cuda';
}

/** Why nothing can be known. */
export type Unassessable =
  | Unidentifiable
  /** It is frozen, and has no available result. */
  | { readonly kind: 'frozen'; readonly message: string };

/**
 * Whether the cache holds an instance's result and its outs match it, and so whether it runs and why.
 */
export async function assess(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  known: KnownResults = nothingKnown,
): Promise<Result<Assessment, Unassessable>> {
  if (instance.frozen !== undefined) return assessFrozen(session, instance, policy, reads);
  const elsewhere = await madeOnGpu(session, instance, policy, reads, known);
  if (elsewhere !== undefined) return { ok: true, value: elsewhere };
  const identity = await identityOf(session, instance, reads, known);
  if (!identity.ok) return identity;
  // An instance that runs anyway needs no shared cache.
  const source = policy.forced || !policy.cache ? { ...session, source: undefined } : session;
  const found = await lookupOuts(source, instance, identity.value.key, policy, reads);
  const { lookup } = found;
  const last =
    lookup.kind === 'hit' ? undefined : lastResult(session.store, session.plan.pipeline, instance.id);
  const decision = decide(identity.value.manifest, lookup, last?.manifest, policy);
  const { unchecked } = identity.value.inputs;
  // What would run has to read them.
  return decision.kind === 'run' && unchecked.length > 0
    ? { ok: false, error: { kind: 'inputs', missing: unchecked } }
    : { ok: true, value: { ...identity.value, ...found, decision } };
}

/** The last result of an instance, where a GPU made it that this machine lacks and nothing else changed. */
async function madeOnGpu(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  known: KnownResults,
): Promise<Assessment | undefined> {
  if (instance.madeOnGpu === undefined || policy.forced || !policy.cache) return undefined;
  const { params, resources, installed } = instance.madeOnGpu;
  const there = { ...instance, params, resources };
  const identity = await identityOf(session, there, reads, known, installed);
  if (!identity.ok) return undefined;
  const found = await lookupOuts(session, there, identity.value.key, policy, reads);
  if (found.lookup.kind !== 'hit') return undefined;
  const decision = { kind: 'restore', entry: found.lookup.entry } as const;
  return { ...identity.value, ...found, decision, madeOn: 'cuda' };
}

/** A frozen instance keeps its last result, whatever its current inputs are. */
async function assessFrozen(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
): Promise<Result<Assessment, Unassessable>> {
  const { store, plan } = session;
  const last = lastResult(store, plan.pipeline, instance.id);
  const found = last && (await lookupOuts(session, instance, last.key, policy, reads));
  if (last === undefined || found?.lookup.kind !== 'hit') {
    const missing =
      last === undefined
        ? 'has no result'
        : found?.lookup.kind === 'dropped'
          ? `its temp outs were dropped (${joinFirst(found.lookup.outs, 3)})`
          : 'its last result is not in the cache';
    const message =
      `${instance.id} is frozen and ${missing}: take \`frozen: true\` out and run it with ` +
      quotedCommand(plan.typed, 'run', [instance.id]);
    return { ok: false, error: { kind: 'frozen', message } };
  }
  const { key, manifest } = last;
  const decision = { kind: 'restore', entry: found.lookup.entry } as const;
  return { ok: true, value: { key, manifest, inputs: nothingRead, stamps: new Map(), ...found, decision } };
}

const nothingRead: Inputs = {
  paths: {},
  digests: {},
  stamps: new Map(),
  listings: new Map(),
  ignored: [],
  unchecked: [],
  dropped: [],
};
