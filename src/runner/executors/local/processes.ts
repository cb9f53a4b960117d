import { readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { pids, readProc, statFields } from './proc.ts';

/**
 * When a process was started, in the platform's own format: it distinguishes a process from a later one with
 * the same id. Undefined: there is no such process.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statOf(pid)?.start;
  try {
    return (
      process
        .getBuiltinModule('node:child_process')
        .execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
        .trim() || undefined
    );
  } catch {
    return undefined;
  }
}

/** Evidence, on Linux, that a process belongs to a stage, even in a group and session of its own. */
export interface Mark {
  /** A text in its environment. */
  readonly environment: string;
  /**
   * The file of its output, or the folder of such files of all runs: for a process that cleared its
   * environment. Real paths.
   */
  readonly output: string;
}

/**
 * The processes that belong to a stage: its process group, and, where the platform exposes it (Linux),
 * processes outside the group that carry the mark.
 */
export interface Family {
  /** Undefined: it is not known. */
  readonly group: number | undefined;
  readonly mark: Mark;
  /**
   * When its first process was started (`startOf`): older processes cannot belong to it, and need not be
   * searched for the mark. Undefined: it is not known.
   */
  readonly start?: string | undefined;
}

/** Ends a family: SIGTERM, `graceSeconds` to comply, SIGKILL. Returns when all of it is gone. */
export async function endFamily(family: Family, graceSeconds: number): Promise<void> {
  if (!isAnyAlive(family)) return;
  const deadline = performance.now() + graceSeconds * 1000;
  signalFamily(family, 'SIGTERM');
  let killed = false;
  for (let wait = 2; isAnyAlive(family); wait = Math.min(50, wait * 2)) {
    if (!killed && performance.now() >= deadline) killed = true;
    // Again each time: a process may be forked while its family is counted.
    if (killed) signalFamily(family, 'SIGKILL');
    await setTimeout(wait);
  }
}

/** Sends a signal to all processes of a family; SIGTERM also wakes those that are stopped. */
export function signalFamily(family: Family, signal: NodeJS.Signals): void {
  // A stopped process receives other signals only after SIGCONT.
  for (const sent of signal === 'SIGTERM' ? [signal, 'SIGCONT' as const] : [signal]) {
    if (family.group !== undefined) trySignal(-family.group, sent);
    for (const pid of markedProcesses(family)) trySignal(pid, sent);
  }
}

function isAnyAlive(family: Family): boolean {
  const { group } = family;
  const isThere = group !== undefined && trySignal(-group, 0);
  if (process.platform !== 'linux') return isThere;
  return (
    (isThere && pids().some((pid) => isLiving(statOf(pid), group))) || markedProcesses(family).length > 0
  );
}

/** Processes outside the group that carry the mark. */
const markedProcesses = ({ group, mark, start }: Family): readonly number[] =>
  marked(
    mark,
    (stat) => stat.group !== group && (start === undefined || Number(stat.start) >= Number(start)),
  );

/**
 * The other processes that carry a mark, of those that may have it. Linux only: other platforms do not expose
 * it.
 */
export function marked(mark: Mark, mayHave: (stat: ProcessStat) => boolean = () => true): readonly number[] {
  if (process.platform !== 'linux') return [];
  return pids().filter((pid) => {
    const stat = statOf(pid);
    return pid !== process.pid && stat !== undefined && isLiving(stat) && mayHave(stat) && carries(pid, mark);
  });
}

/** Set in every process of a job in a queue, which may run on this very machine and outlives the runner. */
export const jobVariable = 'PIPELINE_JOB';

function carries(pid: number, { environment, output }: Mark): boolean {
  const variables = readProc(pid, 'environ');
  if (variables.includes(`${jobVariable}=`) && !environment.startsWith(`${jobVariable}=`)) return false;
  return (
    variables.includes(environment) ||
    [1, 2].some((descriptor) => isOutput(linkOf(pid, `fd/${descriptor}`), output))
  );
}

/** A user's own file in the folder of logs is not the output of a stage. */
function isOutput(path: string, output: string): boolean {
  const inside = path.startsWith(output) ? path.slice(output.length).replace(/ \(deleted\)$/, '') : undefined;
  return inside === '' || (inside !== undefined && /^\/[^/]+\/\d+\.txt$/.test(inside));
}

/**
 * Whether a process is one of a project's stages, as far as the platform tells: by its mark, or by where it
 * works, which a moved project takes with it.
 */
export function isOfProject(pid: number, mark: Mark, root: string): boolean {
  if (process.platform !== 'linux') return true;
  const folder = linkOf(pid, 'cwd');
  return carries(pid, mark) || folder === root || folder.startsWith(`${root}/`);
}

/** Where a link of /proc/PID leads; one of another user's process leads nowhere. */
function linkOf(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return '';
  }
}

function isLiving(stat: ProcessStat | undefined, group?: number): boolean {
  return (
    stat !== undefined &&
    stat.state !== 'Z' &&
    stat.state !== 'X' &&
    (group === undefined || stat.group === group)
  );
}

interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly start: string;
}

function statOf(pid: number): ProcessStat | undefined {
  const fields = statFields(pid) ?? [];
  const [state, , group] = fields;
  const start = fields[19];
  return state === undefined || group === undefined || start === undefined
    ? undefined
    : { state, group: Number(group), start };
}

/** Whether the signal could be sent; false if the process is gone. */
export function trySignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
