import type { Instance } from '../../plan/instance.ts';
import { type Identity, identityOf, readCacheOf, type Session } from '../../status/assess.ts';
import { firstChangedFile } from '../../status/first-changed-file.ts';

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
