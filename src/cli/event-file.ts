import { closeSync, openSync, writeSync } from 'node:fs';
import { type FileProblem, fileProblem } from '../files/file-problem.ts';
import type { Result } from '../result.ts';
import type { Event } from '../runner/event.ts';

export interface EventFile {
  readonly write: (event: Event) => void;
  readonly close: () => void;
}

/** The event stream of a run as NDJSON, each line there when its event has happened; without a path nothing is written. */
export function openEventFile(path: string | undefined): Result<EventFile, FileProblem> {
  if (path === undefined) return { ok: true, value: { write: () => undefined, close: () => undefined } };
  try {
    const file = openSync(path, 'w');
    return { ok: true, value: { write: (event) => void writeSync(file, `${JSON.stringify(event)}\n`), close: () => closeSync(file) } };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}
