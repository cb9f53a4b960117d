import { canRestoreDropped, lookupResult } from '../cache/lookup-result.ts';
import { listingOf } from '../cache/cached-files.ts';
import type { DisplacedOut } from '../event.ts';
import type { Key } from '../identity.ts';
import type { Lookup, Policy } from '../manifest/decide.ts';
import { type Content, sameContent } from '../manifest/manifest.ts';
import { treeChanges } from '../manifest/tree.ts';
import type { Instance } from '../plan/instance.ts';
import type { ContentReader } from '../programs/reads.ts';
import { pastOf } from '../store/attempts.ts';
import { placementAt } from '../store/placements.ts';
import type { ReadCache } from './identity/read-cache.ts';
import type { Session } from './session.ts';

/** What the cache has for an instance, beside its outs in the project. */
export interface LookedUpOuts {
  readonly lookup: Lookup;
  /** With a hit: the outs in the project that differ from the entry. */
  readonly displaced: readonly DisplacedOut[];
  /** With a hit: temp outs, by name, whose bytes were dropped and are not in place. */
  readonly dropped: readonly string[];
}

/**
 * The cached entry under an instance's key, and the outs in the project that differ from it. Dropped outs may
 * be missing as long as they are temp and not wanted.
 */
export async function lookupOuts(
  session: Session,
  instance: Instance,
  key: Key,
  { wanted }: Policy,
  reads: ReadCache,
): Promise<LookedUpOuts> {
  const { store } = session;
  const assessed = (path: string): ReturnType<ContentReader> => reads.read(path, { links: 'keep' });
  const cached = await lookupResult(session, key, {
    object: reads.object,
    async listing(out, content) {
      const found = await assessed(declaredOut(instance, out).path);
      return found.ok && isContent(found, content) ? found.value?.items : undefined;
    },
  });
  switch (cached.kind) {
    case 'absent':
      return { lookup: { kind: 'absent', past: pastOf(store, key) }, displaced: [], dropped: [] };
    case 'damaged': {
      const [path, { object, inside }] = [declaredOut(instance, cached.out).path, cached];
      const file = inside === undefined ? path : `${path}/${inside}`;
      return { lookup: { kind: 'damaged', object, path: file }, displaced: [], dropped: [] };
    }
    case 'hit': {
      // Equal keys have outs with equal names: a row that differs is damaged.
      if (Object.keys(instance.outs).some((out) => cached.entry.outs[out] === undefined))
        return { lookup: { kind: 'absent', past: pastOf(store, key) }, displaced: [], dropped: [] };
      const displaced: DisplacedOut[] = [];
      const dropped: string[] = [];
      const lacking: string[] = [];
      for (const [out, content] of Object.entries(cached.entry.outs)) {
        const declared = declaredOut(instance, out);
        const found = await assessed(declared.path);
        if (isContent(found, content)) continue;
        const difference = await displacedOut(session, declared, content, found);
        const isDropped = cached.entry.dropped?.includes(out) === true;
        const isLeftOut = isDropped && wanted === undefined && declared.temp === true;
        if (isLeftOut) dropped.push(out);
        else if (isDropped) lacking.push(out);
        // What another result left there is not to be taken for this one.
        if (!isLeftOut || difference.was === 'another-result') displaced.push(difference);
      }
      return lacking.length > 0 && !(await canRestoreDropped(session, cached.entry, lacking))
        ? { lookup: { kind: 'dropped', entry: cached.entry, outs: lacking }, displaced: [], dropped: [] }
        : { lookup: { kind: 'hit', entry: cached.entry }, displaced, dropped };
    }
  }
}

const isContent = (found: Awaited<ReturnType<ContentReader>>, content: Content): boolean =>
  found.ok && found.value !== undefined && sameContent(found.value.content, content);

function declaredOut(instance: Instance, out: string): Instance['outs'][string] {
  const declared = instance.outs[out];
  if (declared === undefined)
    throw new Error(`an entry has an out ${out} that ${instance.id} does not declare`);
  return declared;
}

async function displacedOut(
  { workspace, store }: Session,
  { path, workspace: isElsewhere }: Instance['outs'][string],
  content: Content,
  found: Awaited<ReturnType<ContentReader>>,
): Promise<DisplacedOut> {
  if (found.ok && found.value === undefined) return { path, was: 'missing' };
  const placed = placementAt(store, path)?.content;
  // In the folder of an instance, a run moves foreign files aside.
  if (isElsewhere && placed === undefined) return { path, was: 'foreign' };
  if (
    found.ok &&
    found.value !== undefined &&
    placed !== undefined &&
    sameContent(found.value.content, placed)
  )
    return { path, was: 'another-result' };
  const before =
    found.ok && found.value?.content.form === 'folder' && content.form === 'folder'
      ? await listingOf({ workspace }, content.digest)
      : undefined;
  return before === undefined || !found.ok
    ? { path, was: 'changed' }
    : { path, was: 'changed', files: treeChanges(before, found.value?.items ?? []) };
}
