import { join } from 'node:path';
import { compiledProgram } from './compiled-program.ts';
import type * as IdleProgram from './idle-program.ts';

/**
 * What `pipeline` starts. Loading the whole command line takes longer than a run that has nothing to do, so
 * that is looked for first, by a program that is one file (idle-program.ts).
 */
const [, , command, ...words] = process.argv;
if (command !== 'run' || !(await ranIdle())) await import('./main.ts');

/** A fault is no answer: the whole command line will find it too, and has the words for it. */
async function ranIdle(): Promise<boolean> {
  try {
    const { exports, keep } = compiledProgram<typeof IdleProgram>(join(import.meta.dirname, 'idle.cjs'));
    const isDone = await exports.ranIdle(words);
    if (isDone) keep();
    return isDone;
  } catch {
    return false;
  }
}
