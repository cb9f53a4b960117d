import type { Digest } from '../../files/digest.ts';
import { digestOf, parseDigest } from '../../files/digest.ts';
import { isJsonList, jsonIn } from '../../files/json.ts';
import type { Result } from '../../result.ts';

/**
 * One thing that a folder holds, at any depth. `path` is relative to the folder, its parts joined by "/". A
 * folder counts only while it is empty: others are known by what they hold.
 */
export type TreeItem =
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly digest: Digest }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'empty-folder'; readonly path: string };

/** An ignored file, and the rule that ignores it: a line of `.pipelineignore`, or a built-in one. */
export interface Ignored {
  readonly path: string;
  readonly rule: string;
}

/** The digest of a folder: of its listing, which is an object like any file's bytes. */
export const treeDigest = (items: readonly TreeItem[]): Digest => digestOf(serializeTree(items));

/**
 * The object of a folder: a first line that names the format, then a line for each item, sorted by path
 * (UTF-16 code units), each a JSON list, so that no name can be taken for another line.
 */
export function serializeTree(items: readonly TreeItem[]): string {
  const sorted = [...items].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return `${[header, ...sorted.map(line)].join('\n')}\n`;
}

const header = 'tree 1';

function line(item: TreeItem): string {
  switch (item.kind) {
    case 'file':
      return JSON.stringify([item.executable ? 'x' : 'f', item.path, item.digest]);
    case 'symlink':
      return JSON.stringify(['l', item.path, item.target]);
    case 'empty-folder':
      return JSON.stringify(['d', item.path]);
  }
}

/**
 * Parses the output of `serializeTree`. Restored files must stay in their folder: a path that leaves it,
 * occurs twice or out of order, or is below a file or a symbolic link is rejected.
 */
export function parseTree(text: string): Result<readonly TreeItem[]> {
  const lines = text.split('\n');
  if (lines[0] !== header || lines.at(-1) !== '')
    return {
      ok: false,
      error: `not the listing of a folder: the first line is not "${header}", or the last is cut`,
    };
  const items: TreeItem[] = [];
  for (const [index, source] of lines.slice(1, -1).entries()) {
    const item = parseLine(source);
    if (item === undefined)
      return {
        ok: false,
        error: `line ${index + 2} of the listing of a folder is damaged: ${source.slice(0, 80)}`,
      };
    const last = items.at(-1);
    if (last !== undefined && last.path >= item.path)
      return { ok: false, error: `line ${index + 2} of the listing of a folder is out of order` };
    items.push(item);
  }
  const paths = new Set(items.map(({ path }) => path));
  const below = items.find(({ path }) => ancestors(path).some((ancestor) => paths.has(ancestor)));
  if (below !== undefined)
    return {
      ok: false,
      error: `the listing of a folder has ${JSON.stringify(below.path)} below an entry that is not a folder`,
    };
  return { ok: true, value: items };
}

function parseLine(source: string): TreeItem | undefined {
  const [kind, path, third, ...rest] = stringsOf(source);
  if (kind === undefined || path === undefined || rest.length > 0 || !staysInside(path)) return undefined;
  switch (kind) {
    case 'f':
    case 'x': {
      const digest = parseDigest(third ?? '');
      return digest.ok ? { kind: 'file', path, executable: kind === 'x', digest: digest.value } : undefined;
    }
    case 'l':
      return third === undefined ? undefined : { kind: 'symlink', path, target: third };
    case 'd':
      return third === undefined ? { kind: 'empty-folder', path } : undefined;
    default:
      return undefined;
  }
}

function stringsOf(source: string): readonly string[] {
  const value = jsonIn(source);
  return isJsonList(value) && value.every((part) => typeof part === 'string') ? value : [];
}

const staysInside = (path: string): boolean =>
  !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

function ancestors(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** A file of a folder that differs between two listings. */
export interface TreeChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly path: string;
}

/** What differs between two listings, by path. */
export function treeChanges(before: readonly TreeItem[], after: readonly TreeItem[]): readonly TreeChange[] {
  const old = new Map(before.map((item) => [item.path, line(item)]));
  const now = new Set(after.map(({ path }) => path));
  const changes: TreeChange[] = before
    .filter(({ path }) => !now.has(path))
    .map(({ path }) => ({ kind: 'removed', path }));
  for (const item of after) {
    const was = old.get(item.path);
    if (was === undefined) changes.push({ kind: 'added', path: item.path });
    else if (was !== line(item)) changes.push({ kind: 'changed', path: item.path });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
