import { readdirSync, readFileSync } from 'node:fs';

/** The processes that Linux shows in /proc. */
export const pids = (): readonly number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);

/** A file of a process in /proc (proc(5)); "" if the process is gone or another user's. */
export function readProc(pid: number | 'self', name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * The fields of /proc/PID/stat from the state on, which is the third there: the name in parentheses before it
 * may contain anything. Undefined: the process is gone.
 */
export function statFields(pid: number | 'self'): readonly string[] | undefined {
  const text = readProc(pid, 'stat');
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}
