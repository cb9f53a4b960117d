import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { FileProblem } from '../../files/file-problem.ts';
import type { ProxySettings } from '../../network/proxy-settings.ts';
import type { Result } from '../../result.ts';
import { type WorkspaceDisk, workspaceDisk } from '../workspace/disk/workspace-disk.ts';
import { tryFileLock } from './file-lock.ts';
import { connect, type Send } from './send.ts';

/** What fetching needs of the world, so that a test can put its own clock, disk and waiting in its place. */
export interface HubWorld {
  readonly disk: HubDisk;
  connect(proxy: ProxySettings | undefined): Promise<Result<Send>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Ends early when the signal is given. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  /**
   * Takes a lock of the operating system; undefined: another process, or another call of this one, has it.
   */
  tryLock(path: string): Result<(() => void) | undefined, FileProblem>;
}

export interface HubDisk extends WorkspaceDisk {
  /** Cuts a file to `length` bytes (a new one is empty) and writes the pieces after them as they come. */
  append(path: string, length: number, pieces: AsyncIterable<Uint8Array>): Promise<void>;
}

/** The real disk, network and clock. */
export const hubWorld: HubWorld = {
  disk: { ...workspaceDisk, append },
  connect,
  now: () => Date.now(),
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
  tryLock: tryFileLock,
};

async function append(path: string, length: number, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'a');
  try {
    await file.truncate(length);
    for await (const piece of pieces) await file.appendFile(piece);
  } finally {
    await file.close();
  }
}
