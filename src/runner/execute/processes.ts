import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/**
 * When a process was started, in the platform's own words: with it, an id that was given to another process meanwhile is
 * never taken for the first. Undefined: there is no such process.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statOf(pid)?.start;
  try {
    return process.getBuiltinModule('node:child_process').execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The processes that belong to a stage: its process group, and, where the platform lets us look (Linux), whatever left
 * the group but still carries the stage's environment, by a text that is in it.
 */
export interface Family {
  /** Undefined: it is not known. */
  readonly group: number | undefined;
  readonly mark: string;
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

export function signalFamily(family: Family, signal: NodeJS.Signals): void {
  // One that is stopped takes no other signal before it goes on.
  for (const sent of signal === 'SIGTERM' ? [signal, 'SIGCONT' as const] : [signal]) {
    if (family.group !== undefined) trySignal(-family.group, sent);
    for (const pid of strays(family)) trySignal(pid, sent);
  }
}

export function isAnyAlive(family: Family): boolean {
  const { group } = family;
  const isThere = group !== undefined && trySignal(-group, 0);
  if (process.platform !== 'linux') return isThere;
  return (isThere && pids().some((pid) => isLiving(statOf(pid), group))) || strays(family).length > 0;
}

/** Processes outside the group that carry the mark. */
function strays({ group, mark }: Family): readonly number[] {
  return marked(mark).filter((pid) => statOf(pid)?.group !== group);
}

/** The processes whose environment holds a text, Linux only: elsewhere it cannot be read. This process is none of them. */
export function marked(mark: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return pids().filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark) && isLiving(statOf(pid)));
}

/** Whether a process is one of a project's stages, as far as the platform tells: by its environment, or by where it works, which a moved project takes with it. */
export function isOfProject(pid: number, mark: string, root: string): boolean {
  if (process.platform !== 'linux') return true;
  const folder = workingFolderOf(pid);
  return environmentOf(pid).includes(mark) || folder === root || folder.startsWith(`${root}/`);
}

function workingFolderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function isLiving(stat: ProcessStat | undefined, group?: number): boolean {
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X' && (group === undefined || stat.group === group);
}

const pids = (): readonly number[] => readdirSync('/proc').map(Number).filter((pid) => pid > 0);

interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly start: string;
}

/** /proc/PID/stat, proc(5): the name in parentheses may hold anything, so fields are counted from its end. */
function statOf(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const start = fields[19];
  return state === undefined || group === undefined || start === undefined ? undefined : { state, group: Number(group), start };
}

const environmentOf = (pid: number): string => readProc(pid, 'environ');

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** Whether the signal could be sent: false where nobody is there. */
export function trySignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
