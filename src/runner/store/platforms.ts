import { isJsonObject, parseJson } from '../../files/json.ts';
import type { Store } from './database/open-store.ts';
import { rowOf } from './database/row.ts';

/** The properties of the machine that affect a program's results. */
interface StoredPlatform {
  readonly os: string;
  readonly arch: string;
  readonly node: string;
}

/** The platform of the nodes that this request selects; undefined: no job has run there yet. */
export function platformOfNodes(store: Store, nodes: string): StoredPlatform | undefined {
  const row = rowOf(store.sql('SELECT platform FROM platforms WHERE nodes = ?').get(nodes));
  const parsed = row && parseJson(row.text('platform'), '');
  if (parsed?.ok !== true || !isJsonObject(parsed.value)) return undefined;
  const { os, arch, node } = parsed.value;
  return typeof os === 'string' && typeof arch === 'string' && typeof node === 'string'
    ? { os, arch, node }
    : undefined;
}

/** Replaces what was known of these nodes. */
export function recordPlatform(store: Store, nodes: string, { os, arch, node }: StoredPlatform): void {
  store
    .sql('INSERT OR REPLACE INTO platforms (nodes, platform) VALUES (?, ?)')
    .run(nodes, JSON.stringify({ os, arch, node }));
}
