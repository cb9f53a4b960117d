import type { Instance } from '../../plan/instance.ts';
import { type Identity, identityOf } from '../../status/identity/identity-of.ts';
import { readCacheOf } from '../../status/identity/read-cache.ts';
import type { Session } from '../../status/session.ts';
import { firstChangedFile } from '../../status/identity/first-changed-file.ts';

/**
 * Reads all inputs of a result again, and returns the first file that has changed since the stage was
 * started.
 */
export async function changedInput(
  session: Session,
  instance: Instance,
  before: Identity,
): Promise<string | undefined> {
  const now = await identityOf(session, instance, readCacheOf(session.workspace));
  if (!now.ok)
    return now.error.kind === 'inputs' ? (now.error.missing[0]?.path ?? 'a dep') : now.error.message;
  return firstChangedFile(before, now.value);
}
