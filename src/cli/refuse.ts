import { openScreen } from './output/screen.ts';

/** Prints why a command was refused, and sets the exit code: 2 for wrong arguments. */
export function refuse(error: string, exitCode: 1 | 2): void {
  openScreen().write(`error: ${error}\n`);
  process.exitCode = exitCode;
}
