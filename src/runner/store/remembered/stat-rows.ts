import { parseDigest } from '../../../files/digest.ts';
import { parseStamp } from '../../workspace/stamp.ts';
import type { StatCache } from '../../workspace/workspace.ts';
import { type Store, unlessDiskFails } from '../database/open-store.ts';

/**
 * The stat cache in the store. New rows are kept in memory until `flush`: losing them only costs reading
 * files again.
 */
export interface StatRows extends StatCache {
  flush(): void;
}

/** A stat cache that reads from the store and writes to it only in `flush` and `forget`. */
export function statRows(store: Store): StatRows {
  const fresh = new Map<string, ReturnType<StatCache['find']>>();
  return {
    find(path) {
      const known = fresh.get(path);
      if (known !== undefined) return known;
      const row = store.sql('SELECT stamp, digest FROM stats WHERE path = ?').raw(true).get(path);
      if (!Array.isArray(row)) return undefined;
      const digest = parseDigest(String(row[1]));
      const stamp = parseStamp(String(row[0]));
      return digest.ok && stamp !== undefined ? { stamp, digest: digest.value } : undefined;
    },
    record(path, stamp, digest) {
      fresh.set(path, { stamp, digest });
    },
    forget(path) {
      fresh.delete(path);
      store.sql('DELETE FROM stats WHERE path = ?').run(path);
    },
    flush() {
      if (fresh.size === 0) return;
      const write = store.sql('INSERT OR REPLACE INTO stats (path, stamp, digest) VALUES (?, ?, ?)');
      unlessDiskFails(
        store.database.transaction(() => {
          for (const [path, row] of fresh) if (row !== undefined) write.run(path, row.stamp, row.digest);
        }),
      );
      fresh.clear();
    },
  };
}
