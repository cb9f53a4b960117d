import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Digest } from '../../src/files/digest.ts';
import type { Stamp } from '../../src/runner/workspace/stamp.ts';
import type { Workspace } from '../../src/runner/workspace/workspace.ts';
import { workspaceDisk, type WorkspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { openAll } from './in-process.ts';

/** A workspace without a store: the stat cache is a map, and the clock is the test's. */
export interface BareWorkspace extends Workspace, Disposable {
  readonly rows: Map<string, { readonly stamp: Stamp; readonly digest: Digest }>;
  write(files: Readonly<Record<string, string>>): void;
  place(path: string): string;
  /** Nanoseconds since the epoch; undefined: the machine's. */
  clock: bigint | undefined;
}

export function bareWorkspace(disk: WorkspaceDisk = workspaceDisk): BareWorkspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'workspace-')));
  const rows: BareWorkspace['rows'] = new Map();
  const workspace: BareWorkspace = {
    root,
    disk,
    rows,
    clock: undefined,
    stats: {
      find: (path) => rows.get(path),
      record: (path, stamp, digest) => void rows.set(path, { stamp, digest }),
      forget: (path) => void rows.delete(path),
    },
    now: () => workspace.clock ?? BigInt(Date.now()) * 1_000_000n,
    written: new Map(),
    place: (path) => join(root, path),
    write(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
    },
    [Symbol.dispose]() {
      openAll(root);
      rmSync(root, { recursive: true, force: true });
    },
  };
  return workspace;
}

/** Some hours from now: every file is settled. */
export const later = (): bigint => BigInt(Date.now() + 3_600_000) * 1_000_000n;
