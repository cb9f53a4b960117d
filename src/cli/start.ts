import { join } from 'node:path';
import type * as CommandLine from './command-line.ts';
import { compiledProgram } from './compiled-program.ts';
import type * as IdleProgram from './idle-program.ts';

/**
 * The entry point of `pipeline`. Loading the full command line takes longer than a run with nothing to do, so
 * a small program checks for that first (idle-program.ts).
 */
const [, , command = '', ...words] = process.argv;
if (command !== 'run' || !(await ranIdle())) await runCommandLine();

/** A fault is no answer: the full command line will find it too, and reports it. */
async function ranIdle(): Promise<boolean> {
  try {
    const { exports, keep } = compiledProgram<typeof IdleProgram>(builtFile('idle.cjs'));
    const isDone = await exports.ranIdle(words);
    if (isDone) keep();
    return isDone;
  } catch {
    return false;
  }
}

/** Each command has compiled code of its own: it uses another part of the program. */
async function runCommandLine(): Promise<void> {
  const { exports, keep } = compiledProgram<typeof CommandLine>(builtFile('command-line.cjs'), command);
  if (await exports.runCommandLine()) keep();
}

function builtFile(name: string): string {
  return join(import.meta.dirname, name);
}
