import { type Store, unlessDiskFails } from './database/open-store.ts';
import { rowsOf } from './database/row.ts';

/**
 * The leader of a process group: its id alone could be another's by now, so the time of its start belongs to
 * it.
 */
interface GroupLeader {
  readonly pid: number;
  readonly started: string;
}

/** A disk that fails does not keep a stage from starting. */
export function recordGroup(store: Store, { pid, started }: GroupLeader): void {
  unlessDiskFails(() =>
    store
      .sql('INSERT OR REPLACE INTO process_groups (leader, leader_started) VALUES (?, ?)')
      .run(pid, started),
  );
}

/** Its end was seen. */
export function forgetGroup(store: Store, pid: number): void {
  unlessDiskFails(() => store.sql('DELETE FROM process_groups WHERE leader = ?').run(pid));
}

/** Groups whose end was never observed. */
export const recordedGroups = (store: Store): readonly GroupLeader[] =>
  rowsOf(store.sql('SELECT leader, leader_started FROM process_groups').all()).map((row) => ({
    pid: row.number('leader'),
    started: row.text('leader_started'),
  }));
