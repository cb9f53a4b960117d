import { stageEnvironment } from './environment.ts';

/**
 * What stage programs answered when they were asked what they declare: a line a bundle, and what was printed
 * besides.
 */
export interface Described {
  readonly lines: readonly string[];
  readonly printed: string;
}

/** Loads bundles in a process of their own and asks what they declare. */
export async function describeBundles(
  stageChild: string,
  root: string,
  bundles: readonly string[],
): Promise<Described> {
  const { execa } = await import('execa');
  const { stdio, stderr } = await execa(process.execPath, [stageChild, '--describe', ...bundles], {
    cwd: root,
    env: { ...stageEnvironment(process.env, [], []), PIPELINE_EVENTS: '3' },
    extendEnv: false,
    // Not in the process group that a terminal signals when it is closed.
    detached: true,
    reject: false,
    timeout: 60_000,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const lines = String(stdio[3] ?? '')
    .split('\n')
    .filter((line) => line !== '');
  return { lines, printed: stderr };
}
