/** How jobs are submitted to a queue, by the name of an executor. None of this is part of a key. */
export type ExecutorSettings = SlurmSettings | CommandSettings;

/** What every queue has. */
export interface QueueSettings {
  /** How many jobs at once, waiting ones included. */
  readonly jobs?: number;
  /** Lines of the shell that run before Node, on the node of the job. */
  readonly setup?: readonly string[];
  /** The Node that runs jobs there. */
  readonly node?: string;
  /** Seconds between two polls of the queue. */
  readonly interval?: number;
  /** Seconds that the result of a job that left the queue may take to show on this machine. */
  readonly grace?: number;
}

/** Options of sbatch. */
export interface SlurmSettings extends QueueSettings {
  readonly kind: 'slurm';
  readonly partition?: string;
  readonly account?: string;
  readonly constraint?: string;
  /** Seconds: the time limit of jobs that request none. */
  readonly time?: number;
  /** Further words for sbatch. */
  readonly extra?: readonly string[];
  /** At most so many jobs in one array; undefined: each is submitted by itself. */
  readonly array?: number;
}

/** Commands of the user, as words. */
export interface CommandSettings extends QueueSettings {
  readonly kind: 'command';
  readonly submit: readonly string[];
  readonly poll: readonly string[];
  readonly cancel: readonly string[];
}

/** The name of the executor that is always there: the processes of this machine. */
export const localName = 'local';

/**
 * The settings of several files, the last file first: for each executor, a later file replaces the settings
 * of an earlier one, name by name.
 */
export function mergedSettings(
  files: readonly ReadonlyMap<string, ExecutorSettings>[],
): ReadonlyMap<string, ExecutorSettings> {
  const merged = new Map<string, ExecutorSettings>([['slurm', { kind: 'slurm' }]]);
  for (const file of files)
    for (const [name, settings] of file) {
      const before = merged.get(name);
      merged.set(name, before === undefined ? settings : over(before, settings));
    }
  return merged;
}

/** Another kind replaces the whole. */
function over(before: ExecutorSettings, after: ExecutorSettings): ExecutorSettings {
  if (before.kind === 'slurm' && after.kind === 'slurm') return { ...before, ...after };
  if (before.kind === 'command' && after.kind === 'command') return { ...before, ...after };
  return after;
}
