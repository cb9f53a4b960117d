import type { Result } from '../../result.ts';
import { type FetchedRepository, fetchRepository } from './fetch-repository.ts';
import type { HubFault, HubReference } from './hub-fault.ts';
import {
  commitBeside,
  lockedAs,
  type LockedRepository,
  readHubLock,
  withLocked,
  writeHubLock,
} from './hub-lock.ts';
import type { HubSettings } from './hub-settings.ts';
import { type HubWorld, hubWorld } from './hub-world.ts';
import { isCommit } from './list-repository.ts';
import type { HubProgress } from './download/progress.ts';

/**
 * The signal that ends fetching, and who receives its progress; the reference is the one being fetched.
 */
interface FetchControl {
  readonly signal?: AbortSignal;
  readonly onProgress?: (reference: HubReference, progress: HubProgress) => void;
}

/**
 * Fetches a pipeline's references to the hub, in order, each once, and updates pipeline.lock in the project's
 * root: locked commits are fetched as locked, new ones are added. For the one run that may write in the
 * project.
 */
export async function fetchDependencies(
  root: string,
  references: readonly HubReference[],
  settings: HubSettings,
  { signal, onProgress }: FetchControl = {},
  world: HubWorld = hubWorld,
): Promise<Result<readonly FetchedRepository[], HubFault>> {
  const fetched: FetchedRepository[] = [];
  for (const reference of references) {
    if (lockedAs(fetched, reference) !== undefined) continue;
    const lock = await readHubLock(root);
    if (!lock.ok)
      return {
        ok: false,
        error: { ...nameOnly(reference), problem: { kind: 'lock-file', problem: lock.error } },
      };
    const locked = lockedAs(lock.value, reference);
    const one = await fetchRepository(
      {
        ...settings,
        ...nameOnly(reference),
        locked,
        commit: commitBeside(lock.value, reference),
        signal,
        onProgress: (progress) => onProgress?.(reference, progress),
      },
      world,
    );
    if (!one.ok) return one;
    fetched.push(one.value);
    if (locked !== undefined) continue;
    const written = await writeHubLock(root, withLocked(lock.value, one.value));
    if (!written.ok)
      return {
        ok: false,
        error: { ...nameOnly(reference), problem: { kind: 'lock-file', problem: written.error } },
      };
  }
  return { ok: true, value: fetched };
}

/** The state of a reference, without using the network. */
type KnownRepository =
  | { readonly kind: 'here'; readonly repository: FetchedRepository }
  /**
   * Its content is known by pipeline.lock: enough for a key, but a stage that needs it must wait for its
   * fetching.
   */
  | { readonly kind: 'locked'; readonly repository: LockedRepository }
  | { readonly kind: 'unknown' };

/** For commands that only read. */
export async function knownDependency(
  root: string,
  reference: HubReference,
  settings: HubSettings,
  world: HubWorld = hubWorld,
): Promise<Result<KnownRepository, HubFault>> {
  const lock = await readHubLock(root);
  if (!lock.ok)
    return {
      ok: false,
      error: { ...nameOnly(reference), problem: { kind: 'lock-file', problem: lock.error } },
    };
  const locked = lockedAs(lock.value, reference);
  if (locked === undefined && !isCommit(reference.revision)) return { ok: true, value: { kind: 'unknown' } };
  const here = await fetchRepository({ ...settings, ...nameOnly(reference), locked, offline: true }, world);
  if (here.ok) return { ok: true, value: { kind: 'here', repository: here.value } };
  if (here.error.problem.kind !== 'offline-files') return here;
  return {
    ok: true,
    value: locked === undefined ? { kind: 'unknown' } : { kind: 'locked', repository: locked },
  };
}

/** A reference may be a dep, which has more. */
const nameOnly = ({ repository, revision, path }: HubReference): HubReference => ({
  repository,
  revision,
  path,
});
