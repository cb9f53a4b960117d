import { setTimeout } from 'node:timers/promises';
import type { InstanceLog, Project, RunRecord } from '../runner/project.ts';
import type { LogPart } from '../runner/report/log-text.ts';

/** Writes the parts of a log; the file of the last one can grow meanwhile. */
export interface LogWriter {
  readonly write: (parts: readonly LogPart[]) => Promise<void>;
  /** Writes what was appended to the last file since. */
  readonly writeGrowth: () => Promise<void>;
  /** Ends the last line if it has no end. */
  readonly close: () => void;
}

/** The log of an instance on its way to a reader. */
interface ShownLog {
  readonly project: Project;
  /** As it was when it was asked for. */
  readonly log: InstanceLog;
  readonly partsOf: (log: InstanceLog) => readonly LogPart[];
  readonly writer: LogWriter;
}

/** Writes a log as it is now. */
export async function writeLog({ project, log, partsOf, writer }: ShownLog): Promise<void> {
  await writer.write(partsOf(log));
  if (!hasEnded(log.events) && (await stateOf(project, log.run)) === 'killed') await writer.write(killed);
}

/**
 * Writes a log, and follows it until the instance or its run has ended. The rows and the file are polled:
 * another process writes them, and not every file system reports changes.
 */
export async function followLog({ project, log, partsOf, writer }: ShownLog): Promise<void> {
  await writer.write(partsOf(log));
  let { events } = log;
  while (!hasEnded(events)) {
    // Read before the log, so that the last output of a finished run is not missed.
    const state = await stateOf(project, log.run);
    const again = await project.log(log.instance, log.run);
    await writer.writeGrowth();
    // While the pipeline file has a fault, the instance is unknown: try again.
    if (again.ok && again.value !== undefined) {
      const added = again.value.events.slice(events.length);
      events = again.value.events;
      // Without the line that names the instance.
      if (added.length > 0) await writer.write(partsOf({ ...again.value, events: added }).slice(1));
    }
    if (state === 'killed' && !hasEnded(events)) await writer.write(killed);
    if (state !== 'running') return;
    await setTimeout(interval);
  }
}

const interval = 200;

function hasEnded(events: InstanceLog['events']): boolean {
  const last = events.findLast(({ kind }) => ['started', 'finished', 'verified'].includes(kind));
  return last !== undefined && last.kind !== 'started';
}

/** A killed run has recorded no end of what was running in it. */
const killed: readonly LogPart[] = [{ kind: 'lines', lines: ['interrupted: the run was killed'] }];

/** Undefined: of a run too old to be followed. */
async function stateOf(project: Project, run: string): Promise<RunRecord['state'] | undefined> {
  const runs = await project.history(recentRuns);
  return runs.ok ? runs.value.find((each) => each.run === run)?.state : undefined;
}

const recentRuns = 20;
