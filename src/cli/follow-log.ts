import { setTimeout } from 'node:timers/promises';
import type { InstanceLog, Project } from '../runner/project.ts';
import type { LogPart } from '../runner/report/log-text.ts';

/** Writes the parts of a log; the file of the last one can grow meanwhile. */
export interface LogWriter {
  readonly write: (parts: readonly LogPart[]) => Promise<void>;
  /** Writes what was appended to the last file since. */
  readonly writeGrowth: () => Promise<void>;
  /** Ends the last line if it has no end. */
  readonly close: () => void;
}

/**
 * Writes a log, and follows it until the instance or its run has ended. The rows and the file are polled:
 * another process writes them, and not every file system reports changes.
 */
export async function followLog(
  project: Project,
  log: InstanceLog,
  partsOf: (log: InstanceLog) => readonly LogPart[],
  writer: LogWriter,
): Promise<void> {
  await writer.write(partsOf(log));
  let { events } = log;
  while (!hasEnded(events)) {
    // Read before the log, so that the last output of a finished run is not missed.
    const isOver = !(await isRunning(project, log.run));
    const again = await project.log(log.instance, log.run);
    await writer.writeGrowth();
    // While the pipeline file has a fault, the instance is unknown: try again.
    if (again.ok && again.value !== undefined) {
      const added = again.value.events.slice(events.length);
      events = again.value.events;
      // Without the line that names the instance.
      if (added.length > 0) await writer.write(partsOf({ ...again.value, events: added }).slice(1));
    }
    if (isOver) return;
    await setTimeout(interval);
  }
}

const interval = 200;

function hasEnded(events: InstanceLog['events']): boolean {
  const last = events.findLast(({ kind }) => ['started', 'finished', 'verified'].includes(kind));
  return last !== undefined && last.kind !== 'started';
}

async function isRunning(project: Project, run: string): Promise<boolean> {
  const runs = await project.history(recentRuns);
  return runs.ok && runs.value.some((each) => each.run === run && each.state === 'running');
}

const recentRuns = 20;
