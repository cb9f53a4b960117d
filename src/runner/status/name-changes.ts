import { type Digest, parseDigest } from '../../files/digest.ts';
import type { Difference, Reason } from '../manifest/reason.ts';
import { type TreeItem, treeChanges } from '../manifest/tree.ts';
import type { Instance } from '../plan/instance.ts';
import { memberNames } from '../plan/expand/member-names.ts';
import { findListing } from '../store/remembered/listings.ts';
import { listingOf } from '../cache/cached-files.ts';
import type { Session } from './session.ts';
import type { Inputs } from './identity/read-inputs.ts';

/**
 * The reasons of an instance with names for what they speak of: the files that differ in folders and in the
 * code of programs, where what was there before is still known, and the instances that a dep gathers.
 */
export async function nameChanges(
  { workspace, store, programs, plan }: Pick<Session, 'workspace' | 'store' | 'programs' | 'plan'>,
  instance: Instance,
  reasons: readonly Reason[],
  { listings }: Pick<Inputs, 'listings'>,
): Promise<readonly Reason[]> {
  return Promise.all(
    reasons.map(async (reason): Promise<Reason> => {
      if (reason.kind !== 'changed') return reason;
      if (reason.field[0] === 'deps' && reason.field[2] === 'members')
        return { ...reason, members: memberNames(plan, instance, reason) };
      const dep = reason.field[0] === 'deps' ? instance.deps[reason.field[1] ?? ''] : undefined;
      const named: Difference = dep?.kind === 'path' ? { ...reason, path: dep.path } : reason;
      if (!holdsFiles(reason)) return named;
      const [before, after] = [parseDigest(String(reason.before)), parseDigest(String(reason.after))];
      const now = after.ok ? (listings.get(after.value) ?? codeOf(programs, after.value)) : undefined;
      const old: readonly TreeItem[] | undefined = before.ok
        ? (findListing(store, before.value) ?? (await listingOf({ workspace }, before.value)))
        : undefined;
      return now === undefined || old === undefined ? named : { ...named, files: treeChanges(old, now) };
    }),
  );
}

const holdsFiles = ({ field, field: [root, name, part] }: Difference): boolean =>
  (root === 'deps' && part === 'digest') ||
  (root === 'program' && (name === 'bundle' || name === 'engines') && field.at(-1) === 'bundle');

const codeOf = (programs: Session['programs'], identity: Digest): readonly TreeItem[] | undefined =>
  codesIn(programs).find((one) => one.identity === identity)?.code;

const codesIn = (programs: Session['programs']) =>
  [...programs.values()].flatMap(({ identity, code, engines }) => [
    { identity, code },
    ...[...engines.values()].flatMap((engine) =>
      engine.ok ? [{ identity: engine.value.bundle, code: engine.value.code }] : [],
    ),
  ]);
