import { dirname, join } from 'node:path';
import { type Digest, digestOf } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Content } from '../manifest/manifest.ts';
import { parseTree, type TreeItem } from '../manifest/tree.ts';
import { readFile } from 'node:fs/promises';
import { objectPath } from './objects.ts';
import { partialBeside, replace } from '../workspace/replace.ts';
import { noteWritten } from '../workspace/written.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';

export type RestoredOut =
  | { readonly kind: 'restored'; readonly files: number; readonly bytes: number }
  /** An object is gone or its bytes are wrong: `path` is the file of the out that it is. What stood in place is untouched. */
  | { readonly kind: 'damaged'; readonly object: Digest; readonly path: string };

/**
 * Writes an out back from the cache, exactly: staged beside and renamed into place, so that no file of an older result
 * stays; modes, links and empty folders as they were. Every byte is hashed on its way.
 */
export async function restoreOut(
  workspace: Workspace,
  path: string,
  content: Content,
): Promise<Result<RestoredOut, FileProblem>> {
  const place = placeOf(workspace, path);
  const partial = partialBeside(place);
  try {
    workspace.disk.makeFolder(dirname(place));
    const staged = await stage(workspace, path, content, partial);
    if (!staged.ok) {
      await workspace.disk.remove(partial);
      return { ok: true, value: { kind: 'damaged', object: staged.error.object, path: staged.error.path } };
    }
    await replace(workspace, partial, place);
    for (const { path: inside, digest } of staged.value.written)
      noteWritten(workspace, inside === '' ? path : `${path}/${inside}`, digest);
    return {
      ok: true,
      value: { kind: 'restored', files: staged.value.written.length, bytes: staged.value.bytes },
    };
  } catch (error) {
    await workspace.disk.remove(partial).catch(() => undefined);
    return { ok: false, error: fileProblem(path, error) };
  }
}

interface Staged {
  readonly written: readonly { readonly path: string; readonly digest: Digest }[];
  readonly bytes: number;
}
interface Damage {
  readonly object: Digest;
  readonly path: string;
}

async function stage(
  workspace: Workspace,
  path: string,
  content: Content,
  partial: string,
): Promise<Result<Staged, Damage>> {
  if (content.form !== 'folder') {
    const bytes = await copyObject(workspace, content.digest, partial, content.form === 'executable');
    return bytes === undefined
      ? { ok: false, error: { object: content.digest, path } }
      : { ok: true, value: { written: [{ path: '', digest: content.digest }], bytes } };
  }
  const items = await readListing(workspace, content.digest);
  if (items === undefined) return { ok: false, error: { object: content.digest, path } };
  const written: { path: string; digest: Digest }[] = [];
  let total = 0;
  workspace.disk.makeFolder(partial);
  for (const item of items) {
    const place = join(partial, item.path);
    workspace.disk.makeFolder(item.kind === 'empty-folder' ? place : dirname(place));
    if (item.kind === 'symlink') workspace.disk.makeLink(place, item.target);
    if (item.kind !== 'file') continue;
    const bytes = await copyObject(workspace, item.digest, place, item.executable);
    if (bytes === undefined)
      return { ok: false, error: { object: item.digest, path: `${path}/${item.path}` } };
    written.push({ path: item.path, digest: item.digest });
    total += bytes;
  }
  return { ok: true, value: { written, bytes: total } };
}

/** What a folder held, by the object that is its listing; undefined: the object is gone or damaged. */
export async function readListing(
  workspace: Workspace,
  digest: Digest,
): Promise<readonly TreeItem[] | undefined> {
  const text = await readFile(placeOf(workspace, objectPath(digest)), 'utf8').catch(() => undefined);
  if (text === undefined || digestOf(text) !== digest) return undefined;
  const items = parseTree(text);
  return items.ok ? items.value : undefined;
}

/** Copies an object and hashes the copy; gives its bytes, or undefined where the object is gone or damaged. */
async function copyObject(
  workspace: Workspace,
  digest: Digest,
  to: string,
  executable: boolean,
): Promise<number | undefined> {
  const { disk } = workspace;
  const from = placeOf(workspace, objectPath(digest));
  if (disk.lstat(from)?.isFile() !== true) return undefined;
  await disk.copy(from, to);
  if ((await disk.digest(to)) !== digest) return undefined;
  disk.setMode(to, executable ? 0o755 : 0o644);
  return Number(disk.lstat(to)?.size ?? 0);
}
