import { type Answer, queueCommand } from '../remote/queue-command.ts';

/** Longer than any MessageTimeout in use (10 s is Slurm's own, 60 s is seen). */
const longestMilliseconds = 130_000;

/**
 * Runs commands of Slurm. The user's SBATCH_ and SQUEUE_ variables, and those of a job that the runner itself
 * runs in, change nothing.
 */
export function slurmCommand(
  environment: NodeJS.ProcessEnv,
): (words: readonly string[], input?: string) => Promise<Answer> {
  const own = Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) =>
        !/^(SBATCH|SQUEUE|SCANCEL|SLURM)_/.test(name) || name === 'SLURM_CONF' || name === 'SLURM_CLUSTERS',
    ),
  );
  const seen = { ...own, SLURM_TIME_FORMAT: '%s' };
  return (words, input = '') => queueCommand(words, { environment: seen, longestMilliseconds, input });
}
