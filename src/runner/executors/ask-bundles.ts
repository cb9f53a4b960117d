import type { Question } from '../../stage/question.ts';
import { stageEnvironment } from './environment.ts';

/** What was answered, a line a question, and what was printed besides. */
export interface Answered {
  readonly lines: readonly string[];
  readonly printed: string;
}

/** Asks bundles of stage programs, in a process of their own. */
export async function askBundles(
  askChild: string,
  root: string,
  questions: readonly Question[],
): Promise<Answered> {
  const { execa } = await import('execa');
  const { stdio, stderr } = await execa(process.execPath, [askChild], {
    cwd: root,
    env: { ...stageEnvironment(process.env, [], []), PIPELINE_EVENTS: '3' },
    extendEnv: false,
    input: JSON.stringify(questions),
    // Not in the process group that a terminal signals when it is closed.
    detached: true,
    reject: false,
    timeout: 60_000,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  });
  const lines = String(stdio[3] ?? '')
    .split('\n')
    .filter((line) => line !== '');
  return { lines, printed: stderr };
}
