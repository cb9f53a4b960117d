import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Event } from '../runner/event.ts';

/** The event stream of a run as NDJSON; without a path nothing is written. */
export function openEventFile(path: string | undefined): { readonly write: (event: Event) => void; readonly close: () => Promise<void> } {
  if (path === undefined) return { write: () => undefined, close: async () => undefined };
  const stream = createWriteStream(path);
  return {
    write: (event) => void stream.write(`${JSON.stringify(event)}\n`),
    close: async () => { stream.end(); await finished(stream); },
  };
}
