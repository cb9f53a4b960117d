import { join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import type { Stamp } from './stamp.ts';
import type { WorkspaceDisk } from './disk/workspace-disk.ts';

/**
 * Digests of files that were read before. A row counts only while the file's stamp is the same, and is
 * written only for a file that was settled when it was read. Paths are from the project root; those outside
 * it are absolute.
 */
export interface StatCache {
  find(path: string): { readonly stamp: Stamp; readonly digest: Digest } | undefined;
  record(path: string, stamp: Stamp, digest: Digest): void;
  /** Discards a record about a file that turned out to be wrong. */
  forget(path: string): void;
}

/** A file that the runner wrote, at the time of its rename. */
interface Written {
  readonly stamp: Stamp;
  readonly digest: Digest;
}

/** A project's files, and what reading them needs. */
export interface Workspace {
  /** Absolute, every link followed. */
  readonly root: string;
  readonly disk: WorkspaceDisk;
  readonly stats: StatCache;
  /** Nanoseconds since the epoch, by the clock that stamps files. */
  readonly now: () => bigint;
  /** Files that the runner wrote, too young for their stamps to be trusted: see written.ts. By path. */
  readonly written: Map<string, Written>;
  /** Aborted when the work is no longer needed. */
  readonly givenUp?: AbortSignal;
}

/** A project's files, to read. */
export type ProjectFiles = Pick<Workspace, 'root' | 'disk'>;

/** Where a path from the project root (or an absolute one) is on the disk. */
export const placeOf = (workspace: Pick<Workspace, 'root'>, path: string): string =>
  path.startsWith('/') ? path : join(workspace.root, path);

/** A place as messages name it: from the project root, or absolute. */
export const shownPath = ({ root }: Pick<Workspace, 'root'>, place: string): string =>
  place.startsWith(`${root}/`) ? place.slice(root.length + 1) : place;

/** The same workspace, but reading, copying and naming files aborts with the signal. */
export const readUntil = (workspace: Workspace, signal: AbortSignal): Workspace => ({
  ...workspace,
  givenUp: signal,
  disk: {
    ...workspace.disk,
    digest: (path) => workspace.disk.digest(path, signal),
    copyHashed: (from, to, mode) => workspace.disk.copyHashed(from, to, mode, signal),
  },
});
