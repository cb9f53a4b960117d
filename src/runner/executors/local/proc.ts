import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

/** The processes that Linux shows in /proc. */
export const pids = (): readonly number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);

/**
 * A file of a process in /proc (proc(5)); "" if the process is gone or another user's. Such files have size
 * 0, for which `readFileSync` allocates 64 KiB each: a search reads hundreds of them.
 */
export function readProc(pid: number | 'self', name: string): string {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/${name}`, 'r');
    let text = '';
    for (;;) {
      const count = readSync(file, page, 0, page.length, null);
      if (count === 0) return text;
      text += page.toString('latin1', 0, count);
    }
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const page = Buffer.allocUnsafe(4096);

/**
 * The fields of /proc/PID/stat from the state on, which is the third there: the name in parentheses before it
 * may contain anything. Undefined: the process is gone.
 */
export function statFields(pid: number | 'self'): readonly string[] | undefined {
  const text = readProc(pid, 'stat');
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}
