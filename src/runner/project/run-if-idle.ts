import type { Event } from '../event.ts';
import type { FinishedRun, RunRequest, StopSignals } from '../run-request.ts';
import { findProject } from './find-project.ts';
import { idleRequestIn, runIdle } from './idle-run.ts';
import { hasCache, type Host, openRows } from './open-rows.ts';
import { storeFolder } from './machine/store-folder.ts';
import { thisMachine } from './machine/this-machine.ts';

/** The project of a run, as the command line names it. */
interface ProjectLocation {
  readonly folder: string;
  readonly file?: string | undefined;
  readonly set: readonly string[];
  readonly executor?: string | undefined;
}

interface IdleRun {
  /** Of the project. */
  readonly root: string;
  readonly finished: FinishedRun;
}

/**
 * The run of a project that has nothing to do, if the last run shows that; undefined: unknown, and nothing
 * was done. `program`: as that of `idleRequestIn`.
 */
export async function runIfIdle(
  program: string,
  { folder, file, set, executor }: ProjectLocation,
  request: RunRequest,
  onEvent: (event: Event) => void,
  stop: StopSignals,
  host: Host = thisMachine(),
): Promise<IdleRun | undefined> {
  const place = findProject(folder, file);
  if (!place.ok || !hasCache(place.value)) return undefined;
  const stored = await storeFolder(place.value.root, host.environment);
  if (!stored.ok) return undefined;
  const open = openRows(place.value, stored.value, { ...host, executorName: executor }, 'write');
  if (!open.ok) return undefined;
  try {
    const requested = idleRequestIn(program, open.value, set, request);
    const finished = requested && (await runIdle(open.value, requested, onEvent, stop));
    return finished && { root: open.value.place.root, finished };
  } finally {
    open.value.store.close();
  }
}
