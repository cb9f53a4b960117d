import { spawn } from 'node:child_process';

/** What a command of a queue answered. */
export interface Answer {
  /** Null: it could not be started, or took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandOptions {
  readonly folder?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly longestMilliseconds: number;
  /** Its standard input; empty if omitted. */
  readonly input?: string;
}

/** Runs a command, outside the process group of the terminal: Ctrl-C must not end a submission half-way. */
export function queueCommand(
  [file = '', ...words]: readonly string[],
  { folder, environment, longestMilliseconds, input = '' }: CommandOptions,
): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(file, words, {
      ...(folder === undefined ? {} : { cwd: folder }),
      env: environment,
      detached: true,
      stdio: 'pipe',
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
    // A command may not read its input.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: null, stdout, stderr: error.message });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.end(input);
  });
}
