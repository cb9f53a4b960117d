import type { Verification } from '../../answers/verification.ts';
import type { Opened } from '../open-rows.ts';
import { verifyStore } from '../../cache/verify.ts';
import { namedInstances } from './named-instances.ts';

/** Reads every byte of the cache and of the outs in place. */
export async function verify(opened: Opened): Promise<Verification> {
  return verifyStore(opened.workspace, opened.store, await namedInstances(opened), {
    file: opened.place.typed,
  });
}
