import type { FileProblem } from '../../files/file-problem.ts';
import { fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { RunId } from '../identity.ts';
import type { Content } from '../manifest/manifest.ts';
import { serializeTree } from '../manifest/tree.ts';
import { publishEntry } from '../store/entries.ts';
import type { Store } from '../store/open-store.ts';
import { storeFile, storeText, syncNames, type Unsynced } from './objects.ts';
import type { Found } from '../workspace/read-content.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Assessment } from '../status/assess.ts';

/** Outs as an attempt wrote them, by name. */
export type WrittenOuts = ReadonlyMap<string, { readonly path: string; readonly found: Found }>;

/**
 * Files a result: every object is in the cache, by its own copy, and its name is on the disk, before the row that speaks
 * of it is written. A file that changes while it is copied is a problem: then there is no row.
 */
export async function publish(
  { workspace, store }: { readonly workspace: Workspace; readonly store: Store },
  { key, manifest }: Assessment,
  outs: WrittenOuts,
  made: { readonly run: RunId; readonly seconds: number; readonly at: number },
): Promise<Result<void, FileProblem>> {
  const unsynced: Unsynced = new Set();
  const contents: Record<string, Content> = {};
  for (const [name, { path, found }] of outs) {
    contents[name] = found.content;
    try {
      const changed = await storeOut(workspace, path, found, unsynced);
      if (changed !== undefined)
        return { ok: false, error: { path: changed, message: 'changed while it was copied into the cache' } };
    } catch (error) {
      return { ok: false, error: fileProblem(path, error) };
    }
  }
  try {
    await syncNames(workspace, unsynced);
  } catch (error) {
    return { ok: false, error: fileProblem('cache/objects', error) };
  }
  publishEntry(store, { entry: { key, outs: contents }, manifest, ...made });
  return { ok: true, value: undefined };
}

/** Gives the file that changed meanwhile, if one did. */
async function storeOut(
  workspace: Workspace,
  path: string,
  { content, items }: Found,
  unsynced: Unsynced,
): Promise<string | undefined> {
  if (content.form !== 'folder')
    return (await storeFile(workspace, path, content.digest, unsynced)) ? undefined : path;
  for (const item of items) {
    if (item.kind === 'file' && !(await storeFile(workspace, `${path}/${item.path}`, item.digest, unsynced)))
      return `${path}/${item.path}`;
  }
  await storeText(workspace, serializeTree(items), unsynced);
  return undefined;
}
