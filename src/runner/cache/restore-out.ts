import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, digestOf } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Content } from '../manifest/manifest.ts';
import { parseTree, type TreeItem } from '../manifest/tree.ts';
import { readContent } from '../workspace/read-content.ts';
import { partialBeside, removeTree, replace } from '../workspace/replace.ts';
import { noteWritten } from '../workspace/written.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { inParallel } from './in-parallel.ts';
import { objectPath } from './objects.ts';
import { moveRepairs, repairsOf } from './repair-folder.ts';

type RestoredOut =
  | { readonly kind: 'restored'; readonly files: number; readonly bytes: number }
  /**
   * An object is missing or has wrong bytes: `path` is its file in the out. The files in place are unchanged.
   */
  | { readonly kind: 'damaged'; readonly object: Digest; readonly path: string };

/**
 * Restores an out from the cache exactly: no file of an older result remains; modes, links and empty folders
 * are restored too. In a folder, only the differences are written. New files are staged beside the out and
 * hashed before anything at its path changes. `existing`: the content of the folder at its path, if the
 * caller has just read it.
 */
export async function restoreOut(
  workspace: Workspace,
  path: string,
  content: Content,
  existing?: readonly TreeItem[],
): Promise<Result<RestoredOut, FileProblem>> {
  const place = placeOf(workspace, path);
  const partial = partialBeside(place);
  try {
    workspace.disk.makeFolder(dirname(place));
    const restored =
      content.form === 'folder'
        ? await restoreFolder(workspace, path, content.digest, partial, existing)
        : await restoreFile(workspace, path, content, partial);
    if (restored.kind === 'damaged') await removeTree(workspace, partial);
    return { ok: true, value: restored };
  } catch (error) {
    await workspace.disk.remove(partial).catch(() => undefined);
    return { ok: false, error: fileProblem(path, error) };
  }
}

async function restoreFile(
  workspace: Workspace,
  path: string,
  { form, digest }: Content,
  partial: string,
): Promise<RestoredOut> {
  const bytes = await copyObject(workspace, digest, partial, form === 'executable');
  if (bytes === undefined) return { kind: 'damaged', object: digest, path };
  await replace(workspace, partial, placeOf(workspace, path));
  noteWritten(workspace, path, digest);
  return { kind: 'restored', files: 1, bytes };
}

async function restoreFolder(
  workspace: Workspace,
  path: string,
  digest: Digest,
  partial: string,
  known: readonly TreeItem[] | undefined,
): Promise<RestoredOut> {
  const items = await readListing(workspace, digest);
  if (items === undefined) return { kind: 'damaged', object: digest, path };
  const existing = known ?? (await folderAt(workspace, path));
  const repairs = existing && repairsOf(existing, items);
  if (repairs !== undefined) {
    const staged = await stage(workspace, path, repairs.write, partial);
    if (staged.kind === 'damaged') return staged;
    if (await moveRepairs(workspace, repairs, partial, placeOf(workspace, path))) {
      noteFiles(workspace, path, repairs.write);
      return staged;
    }
    await removeTree(workspace, partial);
  }
  const staged = await stage(workspace, path, items, partial);
  if (staged.kind === 'damaged') return staged;
  await replace(workspace, partial, placeOf(workspace, path));
  noteFiles(workspace, path, items);
  return staged;
}

async function folderAt(workspace: Workspace, path: string): Promise<readonly TreeItem[] | undefined> {
  const found = await readContent(workspace, path, { links: 'keep' });
  return found.ok && found.value?.content.form === 'folder' ? found.value.items : undefined;
}

function noteFiles(workspace: Workspace, path: string, items: readonly TreeItem[]): void {
  for (const item of items)
    if (item.kind === 'file') noteWritten(workspace, `${path}/${item.path}`, item.digest);
}

/** Writes the content of a folder into a separate folder. */
async function stage(
  workspace: Workspace,
  path: string,
  items: readonly TreeItem[],
  partial: string,
): Promise<RestoredOut> {
  let damaged: RestoredOut | undefined;
  let files = 0;
  let bytes = 0;
  const folders = new Set<string>();
  const makeFolder = (folder: string): void => {
    if (!folders.has(folder)) workspace.disk.makeFolder(folder);
    folders.add(folder);
  };
  makeFolder(partial);
  await inParallel(items, async (item) => {
    const place = join(partial, item.path);
    makeFolder(item.kind === 'empty-folder' ? place : dirname(place));
    if (item.kind === 'symlink') workspace.disk.makeLink(place, item.target);
    if (item.kind !== 'file') return true;
    const copied = await copyObject(workspace, item.digest, place, item.executable);
    if (copied === undefined) {
      damaged ??= { kind: 'damaged', object: item.digest, path: `${path}/${item.path}` };
      return false;
    }
    files += 1;
    bytes += copied;
    return true;
  });
  return damaged ?? { kind: 'restored', files, bytes };
}

/** What a folder held, by the object that is its listing; undefined: the object is missing or damaged. */
export async function readListing(
  workspace: Workspace,
  digest: Digest,
): Promise<readonly TreeItem[] | undefined> {
  const text = await readFile(placeOf(workspace, objectPath(digest)), 'utf8').catch(() => undefined);
  if (text === undefined || digestOf(text) !== digest) return undefined;
  if (lastParsed?.digest === digest) return lastParsed.items;
  const items = parseTree(text);
  if (!items.ok) return undefined;
  lastParsed = { digest, items: items.value };
  return items.value;
}

/**
 * Looking up, assessing and restoring one folder of thousands of files read its listing one after the other.
 */
let lastParsed: { readonly digest: Digest; readonly items: readonly TreeItem[] } | undefined;

/**
 * Copies an object and hashes the copy; returns its bytes, or undefined if the object is missing or damaged.
 */
async function copyObject(
  workspace: Workspace,
  digest: Digest,
  to: string,
  executable: boolean,
): Promise<number | undefined> {
  const { disk } = workspace;
  const from = placeOf(workspace, objectPath(digest));
  if (disk.lstat(from)?.isFile() !== true) return undefined;
  const copied = await disk.copyHashed(from, to, executable ? 0o755 : 0o644);
  return copied.digest === digest ? copied.bytes : undefined;
}
