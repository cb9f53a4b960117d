import { startOf } from './local/processes.ts';

/** A process: its id alone could be another's by now. */
interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The identity of the process that calls this. */
export const thisProcess = (): ProcessIdentity => ({
  pid: process.pid,
  started: startOf(process.pid) ?? '',
});

/** Whether a process still runs, and is the same process. */
export const isSameProcess = ({ pid, started }: ProcessIdentity): boolean => startOf(pid) === started;
