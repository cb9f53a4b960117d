import type { CompiledProgram } from './compiled-program.ts';

/** What the built files export: idle-program.ts and command-line.ts. */
interface Programs {
  readonly 'idle.cjs': { ranIdle(words: readonly string[]): Promise<boolean> };
  readonly 'command-line.cjs': { runCommandLine(): Promise<boolean> };
}

/** Loads a built file that lies beside the entry point; `use` is what it is loaded for. */
type Load = <N extends keyof Programs>(name: N, use?: string) => CompiledProgram<Programs[N]>;

/**
 * Runs a command: `words` are the arguments of `pipeline`. Loading the full command line takes longer than a
 * run with nothing to do, so a small program checks for that first (idle-program.ts).
 */
export async function startCommand(words: readonly string[], load: Load): Promise<void> {
  const [command = '', ...rest] = words;
  if (command !== 'run' || !(await ranIdle(rest, load))) await runCommandLine(command, load);
}

/** A fault is no answer: the full command line will find it too, and reports it. */
async function ranIdle(words: readonly string[], load: Load): Promise<boolean> {
  try {
    const { exports, keep } = load('idle.cjs');
    const isDone = await exports.ranIdle(words);
    if (isDone) keep();
    return isDone;
  } catch {
    return false;
  }
}

/** Each command has compiled code of its own: it uses another part of the program. */
async function runCommandLine(command: string, load: Load): Promise<void> {
  const { exports, keep } = load('command-line.cjs', command);
  if (await exports.runCommandLine()) keep();
}
