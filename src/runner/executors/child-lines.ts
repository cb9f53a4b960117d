import { stageEnvironment } from './environment.ts';

/** The lines that a child process wrote on its event channel, and its other output. */
export interface ChildLines {
  readonly lines: readonly string[];
  readonly printed: string;
}

/** Runs a helper program to its end, in the environment of a stage; `input`: its standard input. */
export async function childLines(
  root: string,
  words: readonly string[],
  input?: string,
): Promise<ChildLines> {
  const { execa } = await import('execa');
  const { stdio, stderr } = await execa(process.execPath, words, {
    cwd: root,
    env: { ...stageEnvironment(process.env, [], []), PIPELINE_EVENTS: '3' },
    extendEnv: false,
    ...(input === undefined ? {} : { input }),
    // Not in the process group that a terminal signals when it is closed.
    detached: true,
    reject: false,
    timeout: 60_000,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe', 'pipe'],
  });
  const lines = String(stdio[3] ?? '')
    .split('\n')
    .filter((line) => line !== '');
  return { lines, printed: stderr };
}
