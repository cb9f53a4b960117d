import { randomBytes } from 'node:crypto';
import type { RunId } from '../identity.ts';

/**
 * A name for a run: sortable by time, and none that `isTaken` knows. Chance alone would name two runs of one
 * second alike once in 65,536 times.
 */
export function newRunId(at: number, isTaken: (run: RunId) => boolean): RunId {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  for (;;) {
    const id = `${time}-${randomBytes(2).toString('hex')}`;
    if (!isRunId(id)) throw new Error(`not a run: ${id}`);
    if (!isTaken(id)) return id;
  }
}

const isRunId = (text: string): text is RunId => /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(text);
