import type { Digest } from '../../files/digest.ts';
import type { Result } from '../../result.ts';
import { type DamagedRow, storeDamage } from './damaged-rows.ts';
import { objectFiles } from './objects.ts';
import { readListing } from './restore-out.ts';
import { quotedCommand } from '../wording/command-text.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { allEntries } from '../store/entries.ts';
import type { Store } from '../store/database/open-store.ts';

/** The state of a store, without reading its objects, which `verify` does. */
export interface StoreHealth {
  readonly results: number;
  readonly objects: number;
  readonly bytes: number;
  /** Results with a missing object: they are recomputed when needed. */
  readonly incomplete: number;
  /** A fault of the file, as SQLite reports it, or of a row; undefined: none. */
  readonly damage: string | undefined;
}

/** Counts rows and objects and checks that each result has its own. */
export async function storeHealth(workspace: Workspace, store: Store): Promise<StoreHealth> {
  const entries = soundEntries(store);
  if (!entries.ok) return { results: 0, objects: 0, bytes: 0, incomplete: 0, damage: entries.error };
  const sizes = new Map([...objectFiles(workspace)].map(({ digest, size }) => [digest, size]));
  let incomplete = 0;
  for (const { entry } of entries.value)
    if (!(await isComplete(workspace, Object.values(entry.outs), sizes))) incomplete += 1;
  return {
    results: entries.value.length,
    objects: sizes.size,
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    incomplete,
    damage: undefined,
  };
}

/** Every entry, or the faults: of the file as SQLite reports them, or of a row. */
function soundEntries(store: Store): Result<ReturnType<typeof allEntries>> {
  try {
    const { file, rows } = storeDamage(store);
    const [fault] = [...file, ...rows.map(damagedRowText)];
    return fault === undefined ? { ok: true, value: allEntries(store) } : { ok: false, error: fault };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

const damagedRowText = ({ table, names, message }: DamagedRow): string =>
  `table ${table}, row ${Object.values(names).join(' ')}: ${message} ` +
  `(${quotedCommand({}, 'verify --repair')} drops it)`;

async function isComplete(
  workspace: Workspace,
  outs: readonly { readonly form: string; readonly digest: Digest }[],
  there: ReadonlyMap<Digest, number>,
): Promise<boolean> {
  for (const { form, digest } of outs) {
    if (!there.has(digest)) return false;
    const listing = form === 'folder' ? await readListing(workspace, digest) : [];
    if (listing === undefined || listing.some((item) => item.kind === 'file' && !there.has(item.digest)))
      return false;
  }
  return true;
}
