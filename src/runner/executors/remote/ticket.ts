import { isJsonObject, parseJson } from '../../../files/json.ts';
import { type Handle, handleOf } from '../executor.ts';
import { claimPath, parseOwn, type ResultFile, resultPath } from './job-file.ts';
import type { KnownJob } from './queue.ts';
import { readShared } from './shared-file.ts';

/** The stored data of a job: enough to find it again, even after the settings have changed. */
interface Ticket extends KnownJob {
  readonly nonce: string;
  /** Of its attempt, absolute. */
  readonly folder: string;
}

/** The handle that stores a ticket. */
export const handleFor = (ticket: Ticket): Handle => handleOf(JSON.stringify(ticket));

/** Undefined fields: the stored data is another executor's, and there is no such job in the queue. */
export function ticketOf(handle: Handle): Ticket {
  const parsed = parseJson(handle, '');
  const { nonce, folder, place, id } = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  return { nonce: String(nonce), folder: String(folder), place: String(place), id: String(id ?? '') };
}

/** What its wrapper wrote at its end; undefined: it has not ended, or left nothing. */
export const resultOf = ({ nonce, folder }: Pick<Ticket, 'nonce' | 'folder'>): ResultFile | undefined =>
  parseOwn<ResultFile>(readShared(resultPath(folder, nonce)));

/** Whether a node began to work on it. */
export const wasClaimed = ({ nonce, folder }: Pick<Ticket, 'nonce' | 'folder'>): boolean =>
  readShared(claimPath(folder, nonce)) !== undefined;
