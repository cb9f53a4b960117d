import type { Instance } from '../plan/instance.ts';
import { engineOf } from '../programs/engine.ts';
import type { Identity } from '../status/identity/identity-of.ts';
import { recordResult } from '../store/last-results.ts';
import { recordListing } from '../store/remembered/listings.ts';
import type { Run } from './run.ts';

/** Records the result that an instance has from now on, and what a later comparison needs. */
export function recordFinished(
  { run, session: { store, plan, programs } }: Run,
  { id, program, params }: Instance,
  { key, manifest, inputs }: Identity,
  at: number,
): void {
  recordResult(store, plan.pipeline, id, { key, manifest, run, at });
  for (const [digest, items] of inputs.listings) recordListing(store, digest, items);
  const code = program.kind === 'uses' ? programs.get(program.path) : undefined;
  if (code !== undefined) recordListing(store, code.identity, code.code);
  const engine = code && engineOf(code, params);
  if (engine?.facts.ok === true) recordListing(store, engine.facts.value.bundle, engine.facts.value.code);
}
