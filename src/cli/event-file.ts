import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type FileProblem, fileProblem } from '../files/file-problem.ts';
import type { Result } from '../result.ts';
import type { Event } from '../runner/project.ts';
import { jsonLine } from './output/print-json.ts';

export interface EventFile {
  readonly write: (event: Event) => void;
  readonly close: () => void;
}

/**
 * The event stream of a run as NDJSON, each event written as it happens; without a path nothing is written. A
 * file that cannot be written is abandoned, and reported to `onProblem`: the run matters more than its
 * events.
 */
export function openEventFile(
  path: string | undefined,
  onProblem: (problem: FileProblem) => void,
): Result<EventFile, FileProblem> {
  if (path === undefined) return { ok: true, value: { write: () => undefined, close: () => undefined } };
  let lost = false;
  const attempt = (act: () => void): void => {
    if (lost) return;
    try {
      act();
    } catch (error) {
      lost = true;
      onProblem(fileProblem(path, error));
    }
  };
  try {
    const file = openSync(path, 'w', 0o600);
    return {
      ok: true,
      value: {
        write: (event) => attempt(() => writeFileSync(file, jsonLine(event))),
        close: () => attempt(() => closeSync(file)),
      },
    };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}
