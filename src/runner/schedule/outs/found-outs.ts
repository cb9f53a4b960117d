import { posix } from 'node:path';
import type { WrittenOuts } from '../../cache/publish.ts';
import type { Key } from '../../identity.ts';
import { sameContent } from '../../manifest/manifest.ts';
import { allFoundOuts, type FoundOut, forgetFoundOut, recordFoundOut } from '../../store/found-outs.ts';
import { committed, type Store } from '../../store/database/open-store.ts';
import { forgetPlacement, isUnwritten, placementAt } from '../../store/placements.ts';
import { linkFinder } from '../../workspace/link-finder.ts';
import { readContent } from '../../workspace/read-content.ts';
import { removeTree } from '../../workspace/replace.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';

interface Places {
  readonly workspace: Workspace;
  readonly store: Store;
}

/** Beside its place: one rename moves it there and back, on any file system, and it outlives `cache`. */
const asidePath = (path: string): string => posix.join(posix.dirname(path), `.found-${posix.basename(path)}`);

/** The message about files that an earlier run moved aside and could not put back. */
export function asideFault({ workspace }: Pick<Places, 'workspace'>, path: string): string | undefined {
  const aside = asidePath(path);
  return workspace.disk.lstat(placeOf(workspace, aside)) === undefined
    ? undefined
    : `${aside} is what was at ${path} before a run that was killed: move it back, or somewhere else`;
}

/**
 * Moves files aside that are at the path of an out but were not made by a run, until the attempt at this key
 * has ended.
 */
export async function setAside({ workspace, store }: Places, found: FoundOut): Promise<void> {
  recordFoundOut(store, found);
  await workspace.disk.rename(placeOf(workspace, found.path), placeOf(workspace, asidePath(found.path)));
}

/**
 * What an attempt at this key found and moved aside, by its path, and whether the out written there has other
 * content.
 */
export async function foundOutsThatDiffer(
  { workspace, store }: Places,
  key: Key,
  outs: WrittenOuts,
): Promise<readonly string[]> {
  const written = new Map([...outs.values()].map(({ path, found }) => [path, found.content]));
  const different: string[] = [];
  for (const { path } of foundBy(store, key)) {
    const found = await readContent(workspace, asidePath(path), { links: 'keep' });
    if (found.ok && found.value === undefined) continue;
    const content = written.get(path);
    if (!found.ok || found.value === undefined || content === undefined) different.push(path);
    else if (!sameContent(found.value.content, content)) different.push(path);
  }
  return different;
}

/** Removes files that were moved aside: their bytes are in place again, or the user agreed to lose them. */
export async function dropFoundOuts({ workspace, store }: Places, key: Key): Promise<void> {
  for (const { path } of foundBy(store, key)) {
    await removeTree(workspace, placeOf(workspace, asidePath(path)));
    forgetFoundOut(store, path);
  }
}

/**
 * Puts back what attempts at some keys moved aside, in place of their output. If the path holds something
 * that no run made, or leads through a link, nothing changes: the next attempt reports it.
 */
export async function putBackFoundOuts(
  { workspace, store }: Places,
  isEnded: (key: Key) => boolean,
): Promise<void> {
  const { disk } = workspace;
  for (const { path } of allFoundOuts(store).filter(({ key }) => isEnded(key))) {
    if (linkFinder(workspace)(path) !== undefined) continue;
    const [place, aside] = [placeOf(workspace, path), placeOf(workspace, asidePath(path))];
    const placement = placementAt(store, path);
    if (disk.lstat(aside) === undefined) {
      // The machine lost power before the move reached the disk: the path still holds the found file.
      if (placement !== undefined && isUnwritten(placement))
        committed(store, () => forgetPlacement(store, path));
    } else {
      if (disk.lstat(place) !== undefined) {
        if (placement === undefined) continue;
        await removeTree(workspace, place);
      }
      // Committed before the rename: from then on the runner must not remove what is at the path.
      committed(store, () => forgetPlacement(store, path));
      await disk.rename(aside, place);
    }
    forgetFoundOut(store, path);
  }
}

const foundBy = (store: Store, wanted: Key): readonly FoundOut[] =>
  allFoundOuts(store).filter(({ key }) => key === wanted);
