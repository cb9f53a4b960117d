import { spawn } from 'node:child_process';

/** What a command of Slurm answered. */
export interface Answer {
  /** Null: it could not be started, or took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any MessageTimeout in use (10 s is Slurm's own, 60 s is seen). */
const longestMilliseconds = 130_000;

/**
 * Runs a command of Slurm, outside the process group of the terminal: Ctrl-C must not end a submission half-way.
 * The user's SBATCH_ and SQUEUE_ variables, and those of a job that the runner itself runs in, change nothing.
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
  return ([file = '', ...words], input = '') =>
    new Promise((resolve) => {
      const child = spawn(file, words, {
        env: { ...own, SLURM_TIME_FORMAT: '%s' },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      const timer = setTimeout(() => child.kill('SIGKILL'), longestMilliseconds);
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.stdin.on('error', () => undefined);
      child.on('error', (error) => {
        clearTimeout(timer);
        resolve({ code: null, stdout, stderr: `${file}: ${error.message}` });
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code, stdout, stderr });
      });
      child.stdin.end(input);
    });
}
